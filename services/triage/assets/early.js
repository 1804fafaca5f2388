// Runs before the page is drawn, as a file of its own, so that the policy for scripts needs no exception.
document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) {
  document.body.classList.add("govuk-frontend-supported");
}
