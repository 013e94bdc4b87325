// The captcha inside a form: the picture, the button for another one, and the field for the text.
// Knows nothing of the form around it.

import { call } from "./session.js";

export class Captcha {
  /** Identifies the picture that is shown; empty while there is none. */
  uuid = "";
  #source;
  #picture;
  #button;
  #note;
  #input;
  #expiresAt = Infinity;
  #latest = 0;

  constructor(root) {
    this.#source = root.dataset.source;
    this.#picture = root.querySelector("img");
    this.#button = root.querySelector("button");
    this.#note = root.querySelector(".note");
    this.#input = root.querySelector("input");
    this.#button.addEventListener("click", () => this.refresh());
    // Not by a timer: a page left open would ask for pictures that nobody looks at.
    this.#input.addEventListener("focus", () => Date.now() > this.#expiresAt && this.refresh());
  }

  focus() {
    this.#input.focus();
  }

  /** Get a new picture. What was typed for the old one goes with it. */
  async refresh() {
    const ours = ++this.#latest;
    this.uuid = "";
    this.#expiresAt = Infinity;
    this.#input.value = "";
    this.#note.textContent = "";
    this.#picture.hidden = true;

    const { status, message, response, headers } = await call("GET", `/captcha/${this.#source}`);
    if (ours !== this.#latest) return; // a later refresh is on its way
    this.#button.textContent = status ? "New picture" : "Try again";
    if (!status) {
      this.#note.textContent = message;
      return;
    }
    this.uuid = response.uuid;
    this.#expiresAt = Date.now() + 1000 * Number(headers.get("Captcha-Expires-In"));
    this.#picture.src = `data:${headers.get("Captcha-Media-Type")};base64,${response.image}`;
    this.#picture.hidden = false;
  }
}
