// The page: which of its two halves is shown, and what their forms do.

import { Captcha } from "./captcha.js";
import { call, signOut } from "./session.js";

// After these, the captcha may still be good: sending the form again is the retry, and nothing has to be typed again.
const UNDECIDED = ["unreachable", "too_many_requests", "store_unavailable"];

class GuardedForm {
  constructor(form, onSuccess) {
    this.form = form;
    this.message = form.querySelector(".message");
    this.captcha = new Captcha(form.querySelector(".captcha"));
    this.onSuccess = onSuccess;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  tell(message, kind = "success") {
    this.message.textContent = message;
    this.message.dataset.kind = kind;
  }

  /** Start afresh, with empty fields and a new captcha. */
  reset() {
    this.form.reset();
    this.tell("");
    this.captcha.refresh();
  }

  async submit() {
    if (this.form.ariaBusy === "true") return; // a second click; a disabled button would lose the focus
    const fields = { ...Object.fromEntries(new FormData(this.form)), uuid: this.captcha.uuid };
    this.tell("");
    this.form.ariaBusy = "true";
    const { status, stringCode, message } = await call("POST", this.form.action, fields);
    this.form.ariaBusy = "false";
    if (this.form.closest("[hidden]")) return; // signed out meanwhile: nobody is waiting for this answer
    if (status) return this.onSuccess(fields);

    this.tell(message, "error");
    if (UNDECIDED.includes(stringCode)) return;
    this.captcha.refresh(); // right or wrong, it is spent
    this.captcha.focus();
  }
}

const signedOut = document.querySelector("#signed-out");
const signedIn = document.querySelector("#signed-in");

const login = new GuardedForm(document.querySelector("#login"), ({ account }) => {
  document.querySelector("#who").textContent = account;
  document.querySelector("#username").defaultValue = account; // which a reset leaves alone
  signedOut.hidden = true;
  signedIn.hidden = false;
  login.form.reset(); // the password has no business on the page any more
  changePassword.reset();
  document.querySelector("#password-title").focus();
});

const changePassword = new GuardedForm(document.querySelector("#change-password"), () => {
  changePassword.reset();
  changePassword.tell("Your password was changed.");
});

function showLogin(message) {
  signedIn.hidden = true;
  signedOut.hidden = false;
  changePassword.form.reset();
  login.reset();
  login.tell(message);
  login.form.elements.account.focus();
}

document.querySelector("#sign-out").addEventListener("click", () => {
  signOut();
  showLogin("You have signed out.");
});
document.addEventListener("session-ended", () => showLogin("Your session has ended. Please sign in again."));

// The back end checks this too; but there a slip of the finger costs a captcha.
changePassword.form.addEventListener("input", () => {
  const { newPassword, confirmPassword } = changePassword.form.elements;
  confirmPassword.setCustomValidity(newPassword.value === confirmPassword.value ? "" : "The new passwords differ.");
});

login.captcha.refresh();
