/* What some kernels look like. A change here is a change of every program's cache of compiled kernels. */
import {
  add,
  array,
  broadcastTo,
  einsum,
  gelu,
  makeIR,
  max,
  mul,
  pad,
  prepareIR,
  scatterAdd,
  sum,
  type Tensor,
  transpose,
  where,
  zeros,
} from '@cotangent/core'
import { expect, test } from 'vitest'
import { fuse } from '../fusion/fuse.js'
import { lowerIR } from '../program/lowerIR.js'
import { hasLowering } from './index.js'

/** The kernels of a function, in the order of their calls. */
const kernelsOf = <A extends readonly unknown[]>(f: (...args: A) => Tensor, ...args: A): string => {
  const ir = prepareIR(makeIR(f)(...args), hasLowering)
  const { kernels } = fuse(lowerIR(ir))
  return kernels.map(({ spec }) => `${spec.inputLengths.join(', ')} -> ${spec.length}\n${spec.source}`).join('\n')
}

const matrix = array([
  [1, 2, 3],
  [4, 5, 6],
])
const row = array([1, 2, 3])

test('a sum: the same operand is one parameter, a number is written out', () => {
  expect(kernelsOf((x) => add(mul(x, x), -0.1), matrix)).toMatchInlineSnapshot(`
    "6 -> 6
    function (a0) {
      const i = this.thread.x;
      const v0 = f32(a0[i] * a0[i]);
      return v0 + (-0.10000000149011612);
    }"
  `)
})

test('a number without a spelling is a buffer of one element', () => {
  const mask = array([true, false, true])
  expect(kernelsOf((m, x) => where(m, x, Number.NEGATIVE_INFINITY), mask, row)).toMatchInlineSnapshot(`
    "3, 3, 1 -> 3
    function (a0, a1, a2) {
      const i = this.thread.x;
      return a0[i] != 0 ? a1[i] : a2[0];
    }"
  `)
})

test('a repeated row', () => {
  expect(kernelsOf((x) => broadcastTo(x, [4, 3]), row)).toMatchInlineSnapshot(`
    "3 -> 12
    function (a0) {
      const i = this.thread.x;
      const q0 = quotient(i, 3);
      const c0 = i - q0 * 3;
      return a0[c0];
    }"
  `)
})

test('a transposed matrix', () => {
  expect(kernelsOf((x) => transpose(x), matrix)).toMatchInlineSnapshot(`
    "6 -> 6
    function (a0) {
      const i = this.thread.x;
      const q0 = quotient(i, 2);
      const c0 = i - q0 * 2;
      return a0[q0 + c0 * 3];
    }"
  `)
})

test('padding between elements', () => {
  expect(kernelsOf((x) => pad(x, [0, 1], [0, 0], [0, 1]), matrix)).toMatchInlineSnapshot(`
    "6 -> 12
    function (a0) {
      const i = this.thread.x;
      const q0 = quotient(i, 6);
      const c0 = i - q0 * 6;
      const p0 = c0 - 1;
      const q1 = quotient(p0, 2);
      let w0 = 0;
      if (p0 >= 0 && p0 <= 4 && p0 - q1 * 2 == 0) {
        w0 = a0[q0 * 3 + q1];
      }
      return w0;
    }"
  `)
})

test('a sum over rows; the largest of all: joined axes are one loop', () => {
  expect(kernelsOf((x) => sum(x, 0), matrix)).toMatchInlineSnapshot(`
    "6 -> 3
    function (a0) {
      const i = this.thread.x;
      let t0 = 0;
      for (let r0 = 0; r0 < 2; r0++) {
        t0 = t0 + a0[i + r0 * 3];
      }
      return t0;
    }"
  `)
  expect(kernelsOf((x) => max(x), matrix)).toMatchInlineSnapshot(`
    "6 -> 1
    function (a0) {
      let t0 = a0[0];
      for (let r0 = 0; r0 < 6; r0++) {
        const u0 = a0[r0];
        if (t0 == t0 && !(u0 <= t0)) {
          t0 = u0;
        }
      }
      return t0;
    }"
  `)
})

test('attention scores: a batched product of operands that lie as they lie', () => {
  const q = zeros([2, 5, 2, 8])
  expect(kernelsOf((a, b) => einsum('bqhd,bkhd->bhqk', a, b), q, q)).toMatchInlineSnapshot(`
    "160, 160 -> 100
    function (a0, a1) {
      const i = this.thread.x;
      const q0 = quotient(i, 5);
      const c0 = i - q0 * 5;
      const q1 = quotient(q0, 5);
      const c1 = q0 - q1 * 5;
      const q2 = quotient(q1, 2);
      const c2 = q1 - q2 * 2;
      let t0 = 0;
      for (let r0 = 0; r0 < 8; r0++) {
        t0 = t0 + a0[q2 * 80 + c2 * 8 + c1 * 16 + r0] * a1[q2 * 80 + c2 * 8 + c0 * 16 + r0];
      }
      return t0;
    }"
  `)
})

test('scatterAdd onto zeros: no array for the zeros', () => {
  const indices = array([1, 1], 'i32')
  expect(kernelsOf((i, u) => scatterAdd(zeros([4, 3]), i, u), indices, matrix)).toMatchInlineSnapshot(`
    "2, 6 -> 12
    function (a0, a1) {
      const i = this.thread.x;
      const q0 = quotient(i, 3);
      const c0 = i - q0 * 3;
      let t0 = 0;
      const s0 = q0;
      for (let r0 = 0; r0 < 2; r0++) {
        if (a0[r0] == s0) {
          t0 = t0 + a1[r0 * 3 + c0];
        }
      }
      return t0;
    }"
  `)
})

test('gelu, with the functions it calls', () => {
  expect(kernelsOf((x) => gelu(x), row)).toMatchInlineSnapshot(`
    "3 -> 3
    function (a0) {
      const i = this.thread.x;
      return gelu(a0[i]);
    }"
  `)
})
