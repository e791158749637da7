/* The axes that vmap has given a name, while the function under it is traced; innermost last. */

/** A batch axis with a name. */
export interface NamedAxis {
  readonly name: string
  readonly size: number
}

let scope: readonly NamedAxis[] = []

/** The named axes around the code that runs, innermost last. */
export const axesInScope = (): readonly NamedAxis[] => scope

/** Runs `body` with one more axis in scope; an outer one of the same name is hidden meanwhile. */
export const withAxis = <T>(axis: NamedAxis, body: () => T): T => {
  const outer = scope
  scope = [...outer, axis]
  try {
    return body()
  } finally {
    scope = outer
  }
}

/** `i=4 j=3`, as it is part of a signature: a program traced under some axes is no program for others. */
export const printAxes = (): string => scope.map(({ name, size }) => `${JSON.stringify(name)}=${size}`).join(' ')
