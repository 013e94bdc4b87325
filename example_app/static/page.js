// The page: shows one of its two sections, and submits their forms.

import { call, endSession, setToken, currentToken, signOut } from "./session.js";

class CaptchaForm {
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

  showMessage(message, kind = "success") {
    this.message.textContent = message;
    this.message.dataset.kind = kind;
  }

  /** Clear the fields and the message. */
  reset() {
    this.form.reset();
    this.showMessage("");
  }

  async submit() {
    if (this.form.ariaBusy === "true") return; // a second click; disabling the button would lose the focus
    const fields = Object.fromEntries(new FormData(this.form)); // includes those of the captcha
    this.showMessage("");
    this.form.ariaBusy = "true";
    const { status, stringCode, message, isUndecided } = await call("POST", this.form.action, fields);
    this.form.ariaBusy = "false";
    if (this.form.closest("[hidden]")) return; // signed out meanwhile
    if (stringCode.startsWith("captcha_")) {
      this.captcha.reject(message);
    } else if (!status) {
      this.showMessage(message, "error");
      if (isUndecided) return; // the captcha may still be valid: the form can be submitted again as it is
      this.captcha.refresh(); // it passed, so it is spent
      this.form.querySelector("input:not([hidden])").focus();
    } else {
      this.captcha.refresh();
      this.onSuccess(fields);
    }
  }
}

const signedOut = document.querySelector("#signed-out");
const signedIn = document.querySelector("#signed-in");

/** Show one of the sections, and name it in the title and among the tabs. */
function showSection(section) {
  for (const each of [signedOut, signedIn]) each.hidden = each !== section;
  document.title = `${section.querySelector("h1").textContent} – Captcha example`;
  for (const tab of document.querySelectorAll("nav a")) {
    const isOfPage = new URL(tab.href).pathname === location.pathname;
    if (isOfPage && (new URL(tab.href).hash !== "") === (section === signedIn)) tab.ariaCurrent = "page";
    else tab.ariaCurrent = null;
  }
}

const login = new CaptchaForm(document.querySelector("#login"), ({ account }) => {
  document.querySelector("#who").textContent = account;
  document.querySelector("#username").defaultValue = account; // survives a reset
  showSection(signedIn);
  login.form.reset(); // removes the password from the page
  changePassword.reset();
  document.querySelector("#password-title").focus();
});

const changePassword = new CaptchaForm(document.querySelector("#change-password"), () => {
  changePassword.reset();
  changePassword.showMessage("Your password was changed.");
});

// This captcha needs a token. The widget requests it only once it is visible, which is after the login.
changePassword.captcha.token = currentToken;
changePassword.captcha.addEventListener("captcha-token", (event) => setToken(event.detail));
changePassword.captcha.addEventListener("captcha-error", (event) => {
  if (event.detail.status === 401 && currentToken()) endSession();
});

function showLogin(message) {
  showSection(signedOut);
  changePassword.form.reset();
  login.reset();
  login.showMessage(message);
  login.form.elements.account.focus();
}

document.querySelector("#sign-out").addEventListener("click", () => {
  signOut();
  showLogin("You have signed out.");
});
document.addEventListener("session-ended", () => showLogin("Your session has ended. Please sign in again."));

// The back end checks this too, but there a typing error costs a captcha.
changePassword.form.addEventListener("input", () => {
  const { newPassword, confirmPassword } = changePassword.form.elements;
  confirmPassword.setCustomValidity(newPassword.value === confirmPassword.value ? "" : "The new passwords differ.");
});

/** Say why the password form is not shown, if a link leads to it. */
function explain() {
  if (location.hash === `#${changePassword.form.id}` && !signedOut.hidden) {
    login.showMessage("Sign in first, then change the password.");
  }
}
addEventListener("hashchange", explain);
showSection(signedOut);
explain();
