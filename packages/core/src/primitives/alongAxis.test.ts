import { expect, test } from 'vitest'
import { array, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { scatterAddAlongAxis, takeAlongAxis } from './alongAxis.js'
import { mul } from './arithmetic.js'
import { zeros } from './broadcast.js'
import { sum } from './reduction.js'

const x = array([
  [1, 2, 3],
  [4, 5, 6],
])
const places = array([[2], [0]], 'i32')

test('axes of length 1 are repeated, in x and in the indices', () => {
  expect(takeAlongAxis(x, array([[1, 0]], 'i32')).toArray()).toEqual([
    [2, 1],
    [5, 4],
  ])
  expect(takeAlongAxis(array([[7, 8, 9]]), places).toArray()).toEqual([[9], [7]])
  expect(takeAlongAxis(x, array([[1, 0, 1]], 'i32'), 0).toArray()).toEqual([[4, 2, 6]])
  expect(takeAlongAxis(x, zeros([2, 0], 'i32')).shape).toEqual([2, 0])
})

test('what was taken gets the derivative; what was taken twice, twice', () => {
  const loss = (y: Tensor): Tensor => sum(mul(takeAlongAxis(y, array([[1, 1]], 'i32')), array([1, 10])))
  expect(grad(loss)(x).toArray()).toEqual([
    [0, 11, 0],
    [0, 11, 0],
  ])
})

test('under vmap, each example has its own indices, or all the same', () => {
  expect(vmap((row: Tensor, at: Tensor) => takeAlongAxis(row, at))(x, places).toArray()).toEqual([[3], [4]])
  expect(vmap((row: Tensor) => takeAlongAxis(row, array([2, 1], 'i32')))(x).toArray()).toEqual([
    [3, 2],
    [6, 5],
  ])
  const added = vmap((at: Tensor, u: Tensor) => scatterAddAlongAxis(zeros([3]), at, u))(places, array([[5], [6]]))
  expect(added.toArray()).toEqual([
    [0, 0, 5],
    [6, 0, 0],
  ])
})
