import { expect, test } from 'vitest'
import type { AnyFunction } from '../trace/trace.js'
import { namedPath, parameterNames } from './parameterNames.js'

const functions: readonly (readonly [AnyFunction, readonly string[]])[] = [
  [(x: unknown) => x, ['x', 'args[1]', 'args[2]']],
  [
    (params: unknown, { x }: { readonly x: unknown }, last: unknown) => [params, x, last],
    ['params', 'args[1]', 'last'],
  ],
  [
    (first = { a: [1, 2] }, second = (a: number, b: number) => a + b) => [first, second],
    ['first', 'second', 'args[2]'],
  ],
  [(...all: unknown[]) => all, ['args[0]', 'args[1]', 'args[2]']],
  [() => 1, ['args[0]', 'args[1]', 'args[2]']],
  [Math.max, ['args[0]', 'args[1]', 'args[2]']],
  [
    function named(a /* , not this */, [b]: unknown[], $c: unknown) {
      return [a, b, $c]
    } as AnyFunction,
    ['a', 'args[1]', '$c'],
  ],
  [{ method: (w: unknown, x: unknown) => [w, x] }.method, ['w', 'x', 'args[2]']],
]

test.each(functions)('%s', (f, names) => {
  expect(parameterNames(f, 3)).toEqual(names)
})

test('a path into the arguments begins with the name', () => {
  expect(namedPath(['params', 'x'], '[0].layers[3].query')).toBe('params.layers[3].query')
  expect(namedPath(['params', 'x'], '[1]')).toBe('x')
  expect(namedPath([], '[1].w')).toBe('args[1].w')
})
