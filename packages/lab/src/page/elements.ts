/* The parts of the page by name; one that is missing is a mistake of html.ts. */

/** The element with this id. */
export const element = <E extends Element>(id: string, kind: new () => E): E => {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${kind.name} with the id ${id}`)
}

/** The first element that a selector finds. */
export const within = <E extends Element>(parent: Element, selector: string, kind: new () => E): E => {
  const found = parent.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`there is no ${kind.name} at ${selector}`)
}

/** Sets a text where it is another one: what reads the page aloud hears no change that is none. */
export const setText = (target: Element, text: string): void => {
  if (target.textContent !== text) target.textContent = text
}
