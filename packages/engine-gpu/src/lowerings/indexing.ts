/* take and scatterAdd. x is [outer, n, inner] around the indexed axis; there are `many` indices. */
import { type AttrsOf, type Shape, sizeOf } from '@cotangent/core'
import { kernelValue, uniformValue } from '../program/value.js'
import { coordinates, sumText, term } from '../source/walk.js'
import { binary, type Lowering, type LoweringsOf, ternary } from './lowering.js'

const around = (shape: Shape, axis: number) => ({
  outer: sizeOf(shape.slice(0, axis)),
  n: shape[axis] ?? 0,
  inner: sizeOf(shape.slice(axis + 1)),
})

/** y[o, j, k] = x[o, indices[j], k]. An index out of range reads what lies there: check indices before the call. */
const take: Lowering<AttrsOf<'take'>> = binary((x, indices, { axis }, { shape }) => {
  if (x.value.kind === 'uniform') return uniformValue(x.value.value, sizeOf(shape))
  const { outer, n, inner } = around(x.aval.shape, axis)
  return kernelValue(sizeOf(shape), [x.value, indices.value], ([read, index]) => {
    const {
      lines,
      names: [o = 'i', j = 'i', k = 'i'],
    } = coordinates([outer, indices.value.length, inner])
    const row = outer === 1 ? [] : term(o, n * inner)
    const column = inner === 1 ? [] : [k]
    return [...lines, `const at = ${index(j)};`, `return ${read(sumText([...row, ...term('at', inner), ...column]))};`]
  })
})

/** y[o, c, k] = x[o, c, k] + Σ_j [indices[j] = c] u[o, j, k]: each result looks for its updates, so none is lost. */
const scatterAdd: Lowering<AttrsOf<'scatterAdd'>> = ternary((x, indices, updates, { axis }, { shape }) => {
  const { outer, n, inner } = around(shape, axis)
  const many = indices.value.length
  if (many === 0) return x.value
  return kernelValue(sizeOf(shape), [x.value, indices.value, updates.value], ([read, index, update]) => {
    const {
      lines,
      names: [o = 'i', c = 'i', k = 'i'],
    } = coordinates([outer, n, inner])
    const row = outer === 1 ? [] : term(o, many * inner)
    const column = inner === 1 ? [] : [k]
    return [
      ...lines,
      `let total = ${read('i')};`,
      `for (let r0 = 0; r0 < ${many}; r0++) {`,
      `  if (${index('r0')} == ${c}) {`,
      `    total = total + ${update(sumText([...row, ...term('r0', inner), ...column]))};`,
      '  }',
      '}',
      'return total;',
    ]
  })
})

export const indexingLowerings: LoweringsOf<'take' | 'scatterAdd'> = { take, scatterAdd }
