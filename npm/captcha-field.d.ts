// Types of <captcha-field>. Importing the module defines the element; in Node it does nothing.

/** The element `<captcha-field source="login">`. */
export interface CaptchaFieldElement extends HTMLElement {
  /** The typed text. */
  get value(): string;
  set value(text: string | null | undefined);
  /** A function that returns the page's JWT, or nothing while there is none. Called for each request and once a second. */
  token: CaptchaToken | null | undefined;
  /** The captcha's id; empty while there is none. */
  readonly uuid: string;
  /** What to send as the text. */
  readonly code: string;
  /** Discard the captcha, which has been spent, and load another. */
  refresh(): void;
  /** The same after a rejected submission; also show the message, a built-in text without one, and focus the field. */
  reject(message?: string): void;
}

export type CaptchaToken = () => string | null | undefined;

/** The element's own attributes. */
export interface CaptchaFieldAttributes {
  /** The source of the captcha, which the view's decorator accepts. */
  source: string;
  /** URL of the captcha routes. `/captcha` without it. */
  base?: string;
  /** Name of the form field with the captcha's id. `uuid` without it. */
  "uuid-name"?: string;
  /** Name of the form field with the typed text. `code` without it. */
  "text-name"?: string;
  /** An error to show: a sentence, or `wrong` or `expired` for a built-in text. */
  error?: string;
  /** What the visitor has to type, in the page's language, for a custom kind. */
  asks?: string;
  /** The placeholder of the text field. */
  placeholder?: string;
  /** Hide the button for sound. */
  nosound?: boolean | "";
  /** Offer work by the device instead of reading. */
  work?: boolean | "";
  /** Begin the work before the form has the focus. */
  eager?: boolean | "";
  /** Request no captcha before the form has the focus. */
  lazy?: boolean | "";
  disabled?: boolean;
  /** The id of a form elsewhere in the document. */
  form?: string;
}

/** The properties that frameworks set. */
export interface CaptchaFieldProperties {
  value?: string | null;
  token?: CaptchaToken | null;
}

export interface CaptchaReadyDetail {
  form: "image" | "audio" | "work";
}

export interface CaptchaErrorDetail {
  /** The HTTP status; 0 if no response came, or if the page's policy blocks the picture that came with it. */
  status: number;
  /** The code of the envelope, such as `01005`. */
  code?: string;
  /** The header `Retry-After`. */
  retryAfter?: string | null;
}

export interface CaptchaFieldEventMap {
  "captcha-ready": CustomEvent<CaptchaReadyDetail>;
  "captcha-error": CustomEvent<CaptchaErrorDetail>;
  "captcha-expired": CustomEvent<undefined>;
  /** The token that the server sent back. Does not bubble. */
  "captcha-token": CustomEvent<string>;
}

declare global {
  interface HTMLElementTagNameMap {
    "captcha-field": CaptchaFieldElement;
  }
  interface HTMLElementEventMap extends CaptchaFieldEventMap {}
}
