import { expect, test } from 'vitest'
import { makeEmitter } from './emitter.js'
import { combine, namedPlace, namesIn, printPlace } from './place.js'

test('what depends on no variable of a loop is written before it, once', () => {
  const emitter = makeEmitter(['i'])
  const row = (): string =>
    emitter.once('row', ['i'], () => {
      emitter.line('const v0 = heavy(i);')
      return 'v0'
    })
  emitter.line('let t0 = 0;')
  emitter.loops([3], () => {
    emitter.line(`t0 = t0 + ${row()} + ${row()};`)
  })
  expect(emitter.text()).toEqual([
    'let t0 = 0;',
    'const v0 = heavy(i);',
    'for (let r0 = 0; r0 < 3; r0++) {',
    '  t0 = t0 + v0 + v0;',
    '}',
  ])
})

test('what belongs under a condition stays there, and is written again in the other branch', () => {
  const emitter = makeEmitter(['i'])
  const element = (): string =>
    emitter.once('element', ['i'], () => {
      const name = emitter.fresh('v')
      emitter.line(`const ${name} = a0[i];`)
      return name
    })
  emitter.when(
    'i < 3',
    () => emitter.line(`w0 = ${element()};`),
    () => emitter.line(`w0 = ${element()};`),
  )
  expect(emitter.text()).toEqual([
    'if (i < 3) {',
    '  const v0 = a0[i];',
    '  w0 = v0;',
    '} else {',
    '  const v1 = a0[i];',
    '  w0 = v1;',
    '}',
  ])
})

test('coordinates are divided out once, and not at all where the place has them', () => {
  const emitter = makeEmitter(['i'])
  const [a, b] = emitter.coordinates(namedPlace('i', 12), [3, 4])
  const again = emitter.coordinates(namedPlace('i', 12), [3, 4])
  expect([a, b]).toEqual(again)
  if (a === undefined || b === undefined) throw new Error('two coordinates')
  const swapped = emitter.coordinates(combine([b, a], [3, 1]), [4, 3])
  expect(swapped.map(printPlace)).toEqual([b, a].map(printPlace))
  expect(emitter.text()).toEqual(['const q0 = quotient(i, 4);', 'const c0 = i - q0 * 4;'])
})

test('says how often a line runs', () => {
  const emitter = makeEmitter([])
  const seen: number[] = [emitter.rounds()]
  emitter.loops([3, 1, 4], (places) => {
    seen.push(emitter.rounds(), places.flatMap(namesIn).length)
  })
  expect(seen).toEqual([1, 12, 2])
})
