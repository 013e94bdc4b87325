// <captcha-field> in the markup of Svelte 4 and later.

import type { HTMLAttributes } from "svelte/elements";

import type {
  CaptchaFieldAttributes,
  CaptchaFieldElement,
  CaptchaFieldEventMap,
  CaptchaFieldProperties,
} from "./captcha-field.js";

export type * from "./captcha-field.js";

type Handlers = { [Name in keyof CaptchaFieldEventMap as `on${Name}`]?: (event: CaptchaFieldEventMap[Name]) => void };

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "captcha-field": HTMLAttributes<CaptchaFieldElement> & CaptchaFieldAttributes & CaptchaFieldProperties & Handlers;
  }
}
