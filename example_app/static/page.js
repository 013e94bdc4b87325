// The page: which of its two halves is shown, and what their forms do.

import { call, endSession, keepToken, presentToken, signOut } from "./session.js";

// After these, the captcha may still be good: sending the form again is the retry, and nothing has to be typed again.
const UNDECIDED = ["unreachable", "too_many_requests", "store_unavailable"];
const CAPTCHA_REFUSED = ["captcha_required", "captcha_wrong", "captcha_gone"];

class GuardedForm {
  constructor(form, onSuccess) {
    this.form = form;
    this.message = form.querySelector(".message");
    this.captcha = form.querySelector("captcha-field");
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

  /** Start afresh, with empty fields. */
  reset() {
    this.form.reset();
    this.tell("");
  }

  async submit() {
    if (this.form.ariaBusy === "true") return; // a second click; a disabled button would lose the focus
    const fields = Object.fromEntries(new FormData(this.form)); // the captcha's two are among them
    this.tell("");
    this.form.ariaBusy = "true";
    const { status, stringCode, message } = await call("POST", this.form.action, fields);
    this.form.ariaBusy = "false";
    if (this.form.closest("[hidden]")) return; // signed out meanwhile: nobody is waiting for this answer
    if (!status && CAPTCHA_REFUSED.includes(stringCode)) {
      this.captcha.reject(message);
    } else if (!status) {
      this.tell(message, "error");
      if (UNDECIDED.includes(stringCode)) return;
      this.captcha.refresh(); // it was right, and is spent
      this.form.querySelector("input:not([hidden])").focus();
    } else {
      this.captcha.refresh();
      this.onSuccess(fields);
    }
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

// Its captcha is for whoever is signed in. It is not asked for before it is seen, which is after that.
changePassword.captcha.token = presentToken;
changePassword.captcha.addEventListener("captcha-token", (event) => keepToken(event.detail));
changePassword.captcha.addEventListener("captcha-error", (event) => {
  if (event.detail.status === 401 && presentToken()) endSession();
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
