// <captcha-field> in the templates of Vue 3.

import type { HTMLAttributes } from "vue";

import type {
  CaptchaFieldAttributes,
  CaptchaFieldElement,
  CaptchaFieldEventMap,
  CaptchaFieldProperties,
} from "./captcha-field.js";

export type * from "./captcha-field.js";

type Pascal<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${Capitalize<First>}${Pascal<Rest>}`
  : Capitalize<Name>;
type Handlers = {
  [Name in keyof CaptchaFieldEventMap as `on${Pascal<Name>}`]?: (event: CaptchaFieldEventMap[Name]) => void;
};

declare module "vue" {
  interface GlobalComponents {
    "captcha-field": new () => CaptchaFieldElement & {
      /** For the types of templates only. */
      $props: HTMLAttributes & CaptchaFieldAttributes & CaptchaFieldProperties & Handlers & { modelValue?: string };
    };
  }
}
