/* Every refusal of core, caused by a program: its class, its three parts, and whose frame comes first. */
import * as core from '@cotangent/core'
import { ones, ProgramError } from '@cotangent/core'
import { linear } from '@cotangent/nn'
import { describe, expect, test } from 'vitest'
import { isFrom, throwSites } from './support/throwSites.js'
import { wrongPrograms } from './support/wrongPrograms/index.js'

/** Names of the classes of errors that core exports. */
const kinds = new Set(
  Object.entries(core).flatMap(([name, value]) =>
    typeof value === 'function' && value.prototype instanceof ProgramError ? [name] : [],
  ),
)

/** What a program is refused with. */
const errorOf = async (name: string, run: () => unknown): Promise<ProgramError> => {
  try {
    await run()
  } catch (error) {
    if (error instanceof ProgramError) return error
    throw new Error(`${name}: thrown was ${String(error)}`, { cause: error })
  }
  throw new Error(`${name}: nothing was thrown`)
}

const errors = await Promise.all(
  Object.entries(wrongPrograms).map(async ([name, [kind, run]]) => ({ name, kind, error: await errorOf(name, run) })),
)

describe.each(errors)('$name', ({ kind, error }) => {
  test('is refused by an error of its class, with a tag and a page', () => {
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ name: kind.name, _tag: kind.name, page: `docs/errors/${kind.name}.md` })
  })

  test('says what must hold, what was received, and what to do', () => {
    const { op, expected, received, todo } = error
    expect(error.message).toBe(`${op}: ${expected}\n  received  ${received}\n  to do     ${todo}`)
    expect(op).toMatch(/^[a-zA-Z]\w*$/)
    expect(expected).toMatch(/^[^\n]{10,}\.$/)
    expect(received).toMatch(/^\S[\s\S]*\S$/)
    expect(todo).toMatch(/^[^\n]{5,}[^.\n]$/)
    for (const text of [expected, received, todo]) expect(text).not.toMatch(/\[object |undefined\[|NaN\[/)
  })

  test("comes with the caller's frame first", () => {
    const first = error.stack?.split('\n').find((line) => line.startsWith('    at '))
    expect(first).toContain('support/wrongPrograms/')
  })
})

/** Mistakes in which an operand or a length is wrong: the message names it and prints it. */
const aboutOperands = errors.filter(({ kind }) =>
  ['ShapeError', 'DTypeError', 'AxisError', 'IndexError'].includes(kind.name),
)

test.each(aboutOperands)('$name: what was received has a name and a shape', ({ error: { received, expected } }) => {
  expect(received).not.toMatch(/^(?:f32|f64|i32|u32|bool)?\[/)
  expect(`${received} ${expected}`).toMatch(/\[[\d,.-]*\]|the number|axis '/)
})

test('frames of the other packages are left out too', async () => {
  const error = await errorOf('linear', () => linear({ weight: ones([2, 3]) }, ones([4, 5])))
  expect(error.stack?.split('\n').find((line) => line.startsWith('    at '))).toContain('test/errors.test.ts')
})

test('every place where core refuses a program is reached by one of them', () => {
  const missed = throwSites('core', kinds)
    .filter((site) => !errors.some(({ error }) => isFrom(site, error)))
    .map(({ at, kind, expected }) => `${at} ${kind} ${expected.source}`)
  expect(missed, 'add a program that gets there to test/support/wrongPrograms').toEqual([])
})
