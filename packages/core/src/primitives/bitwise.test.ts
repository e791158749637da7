import { expect, it } from 'vitest'
import { array, tensor } from '../tensor.js'
import { shiftLeft, shiftRight, shiftRightLogical } from './bitwise.js'

const whole = [0, 1, -1, 5, -16, 123456789, -123456789, 2 ** 31 - 1, -(2 ** 31)]
const counts = [0, 1, 4, 30, 31, 32, 33, 2 ** 31 - 1, -1]

/** 32 bits of a whole number of any length, as i32 and as u32. */
const i32 = (n: bigint): number => Number(BigInt.asIntN(32, n))
const u32 = (n: bigint): number => Number(BigInt.asUintN(32, n))
const count = (n: number): bigint => (n < 0 ? 64n : BigInt(Math.min(n, 64)))

it.each(counts)('shifts of i32 by %d agree with whole numbers of any length', (n) => {
  const x = array(whole, 'i32')
  expect(shiftLeft(x, n).toArray()).toEqual(whole.map((v) => i32(BigInt(v) << count(n))))
  expect(shiftRight(x, n).toArray()).toEqual(whole.map((v) => i32(BigInt(v) >> count(n))))
  expect(shiftRightLogical(x, n).toArray()).toEqual(whole.map((v) => i32(BigInt.asUintN(32, BigInt(v)) >> count(n))))
})

it.each(counts.filter((n) => n >= 0))('shifts of u32 by %d agree with whole numbers of any length', (n) => {
  const x = tensor(Uint32Array.from(whole))
  const values = [...x.data]
  const places = tensor(Uint32Array.of(n))
  expect(shiftLeft(x, places).toArray()).toEqual(values.map((v) => u32(BigInt(v) << count(n))))
  for (const right of [shiftRight, shiftRightLogical]) {
    expect(right(x, places).toArray()).toEqual(values.map((v) => u32(BigInt(v) >> count(n))))
  }
})

it('a shift broadcasts, and takes whole numbers only', () => {
  expect(shiftLeft(array([[1], [3]], 'i32'), array([0, 1], 'i32')).toArray()).toEqual([
    [1, 2],
    [3, 6],
  ])
  for (const shift of [shiftLeft, shiftRight, shiftRightLogical]) {
    expect(() => shift(array([1]), 1)).toThrow('bits are those of i32 or u32')
  }
})
