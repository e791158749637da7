/*
 * How the settings of functions with derivatives of their own are written. A rule that calls the function it belongs to
 * holds itself: there the word `itself` stands for it.
 */
import type { AttrsSpec, IR } from '../ir/ir.js'
import { printSettings, Verbatim } from '../ir/settings.js'
import { checkNames } from '../primitives/primitive.js'
import { RuleProgram } from './customRules.js'

const isProgram = (x: unknown): x is IR => typeof x === 'object' && x !== null && 'equations' in x

/** Rules that were read as `itself`, and are not joined with the rule around them yet. */
const waiting = new WeakSet<RuleProgram>()

const itself = (): RuleProgram => {
  const rule = new RuleProgram(() => {
    throw new Error('the word itself stands outside of the rule it means')
  })
  waiting.add(rule)
  return rule
}

type Settings = Record<string, unknown>

/** The settings of all equations of a program, and of the programs in them. */
const settingsIn = (ir: IR, seen: Set<unknown>): readonly Settings[] => {
  if (seen.has(ir)) return []
  seen.add(ir)
  return ir.equations.flatMap(({ attrs }) => {
    const settings = attrs as Settings // border: any settings are a record
    const inner = Object.values(settings).flatMap((value): readonly unknown[] =>
      Array.isArray(value) ? value : [value],
    )
    return [
      settings,
      ...inner.flatMap((value) => {
        if (isProgram(value)) return settingsIn(value, seen)
        return value instanceof RuleProgram && !waiting.has(value) ? settingsIn(value.ir, seen) : []
      }),
    ]
  })
}

/** The rule of a program that was read, with itself in the places that say so. */
const closed = (key: string, ir: IR): RuleProgram => {
  const rule = new RuleProgram(() => ir)
  for (const settings of settingsIn(ir, new Set())) {
    const value = settings[key]
    if (value instanceof RuleProgram && waiting.has(value)) settings[key] = rule // nobody else has these yet
  }
  return rule
}

/** Attributes that are plain data or programs, then rules: `[name=f primal={...} rule={...}]`. */
export const ruleAttrs = <A extends object>(
  plain: readonly (keyof A & string)[],
  rules: readonly (keyof A & string)[],
): AttrsSpec<A> => ({
  print: (attrs, printInner) =>
    printSettings(
      [...plain, ...rules].map((key) => {
        const value: unknown = attrs[key]
        return [key, value instanceof RuleProgram ? new Verbatim(value.print(printInner)) : value]
      }),
      printInner,
    ),
  parse: (values) => {
    checkNames([...values.keys()], [...plain, ...rules])
    const entries = [...values].map(([key, value]): readonly [string, unknown] => {
      if (!rules.some((rule) => rule === key)) return [key, value]
      if (isProgram(value)) return [key, closed(key, value)]
      if (value === 'itself') return [key, itself()]
      throw new Error(`${key} is a program, or the word itself`)
    })
    return Object.fromEntries(entries) as A // border: what a text says, looked at by the shape rule next
  },
})
