/** What a key asks for. */
export type Asked = 'run' | 'step' | 'reset'

const byKey: Readonly<Record<string, Asked>> = { ' ': 'run', s: 'step', r: 'reset' }

/** Whether an element does something of its own with a key: space presses a button, a letter chooses in a list. */
const isTaken = (key: string, target: EventTarget | null): boolean =>
  target instanceof HTMLSelectElement ||
  (key === ' ' &&
    (target instanceof HTMLButtonElement || (target instanceof HTMLInputElement && target.type === 'radio')))

/** Calls back for keys that nothing else wants; those with Ctrl, Alt or the like are the browser's. */
export const onKeys = (act: (asked: Asked) => void): void => {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
    const asked = byKey[event.key.toLowerCase()]
    if (asked === undefined || isTaken(event.key, event.target)) return
    event.preventDefault()
    act(asked)
  })
}
