// Lets whoever types a new password look at it.
const reveal = (field, button) => {
  const isShown = field.type === "password";
  field.type = isShown ? "text" : "password";
  button.textContent = isShown ? field.dataset.conceal : field.dataset.reveal;
};

export const offerReveal = () => {
  for (const field of document.querySelectorAll("[data-reveal]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn field__reveal";
    button.textContent = field.dataset.reveal;
    button.setAttribute("aria-controls", field.id);
    button.addEventListener("click", () => reveal(field, button));
    field.after(button);
    // A password that is shown must not be kept among the texts that a browser offers again.
    field.form.addEventListener("submit", () => {
      field.type = "password";
    });
  }
};
