// Making elements. Text is always text: nothing that a QR or an answer says becomes markup.

/** An element with a class and children; strings become text, null is left out. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((each) => each !== null && each !== undefined));
  return element;
}

/** English beside the Vietnamese, smaller, marked as English. */
export function english(text) {
  const element = make("span", "en", text);
  element.lang = "en";
  return element;
}

/** Vietnamese with English beside it, as children. */
export function both(words) {
  return [words.vi, " ", english(words.en)];
}

/** One of the icons that the page brings in its templates. */
export function icon(name) {
  return document.getElementById(`icon-${name}`).content.cloneNode(true);
}
