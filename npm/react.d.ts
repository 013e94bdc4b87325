// <captcha-field> in JSX, for React 19 and later.

import type { DetailedHTMLProps, HTMLAttributes } from "react";

import type {
  CaptchaFieldAttributes,
  CaptchaFieldElement,
  CaptchaFieldEventMap,
  CaptchaFieldProperties,
} from "./captcha-field.js";

export type * from "./captcha-field.js";

type Handlers = { [Name in keyof CaptchaFieldEventMap as `on${Name}`]?: (event: CaptchaFieldEventMap[Name]) => void };

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "captcha-field": DetailedHTMLProps<HTMLAttributes<CaptchaFieldElement>, CaptchaFieldElement> &
        CaptchaFieldAttributes &
        CaptchaFieldProperties &
        Handlers;
    }
  }
}
