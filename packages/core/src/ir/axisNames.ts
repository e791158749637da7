import type { Equation, IR } from './ir.js'

/** The programs that an equation stands for or holds. */
export const innerPrograms = ({ primitive, attrs }: Equation): readonly IR[] => {
  const body = primitive.properties.body?.(attrs)
  return [...(body === undefined ? [] : [body]), ...(primitive.properties.programs?.of(attrs) ?? [])]
}

/** Names of vmap's axes that an equation refers to, itself or in a program that it holds. */
export const axisNamesOf = (equation: Equation): ReadonlySet<string> =>
  new Set([
    ...(equation.primitive.properties.axisNames?.(equation.attrs) ?? []),
    ...innerPrograms(equation).flatMap((ir) => [...axisNamesIn(ir)]),
  ])

/** Names of vmap's axes that a program refers to. */
export const axisNamesIn = (ir: IR): ReadonlySet<string> =>
  new Set(ir.equations.flatMap((equation) => [...axisNamesOf(equation)]))
