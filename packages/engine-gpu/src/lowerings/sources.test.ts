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
import { lowerIR } from '../program/lowerIR.js'
import { scheduleOf } from '../program/schedule.js'
import { hasLowering } from './index.js'

/** The kernels of a function, in the order of their calls. */
const kernelsOf = <A extends readonly unknown[]>(f: (...args: A) => Tensor, ...args: A): string => {
  const ir = prepareIR(makeIR(f)(...args), hasLowering)
  const { steps } = scheduleOf(lowerIR(ir), ir.inputs.length)
  return steps.map(({ spec }) => `${spec.inputLengths.join(', ')} -> ${spec.length}\n${spec.source}`).join('\n')
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
      return a0[i] * a0[i];
    }
    6 -> 6
    function (a0) {
      const i = this.thread.x;
      return a0[i] + (-0.10000000149011612);
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
      const q1 = Math.floor(i / 3);
      const c1 = i - q1 * 3;
      return a0[c1];
    }"
  `)
})

test('a transposed matrix', () => {
  expect(kernelsOf((x) => transpose(x), matrix)).toMatchInlineSnapshot(`
    "6 -> 6
    function (a0) {
      const i = this.thread.x;
      const q1 = Math.floor(i / 2);
      const c1 = i - q1 * 2;
      return a0[q1 + c1 * 3];
    }"
  `)
})

test('padding between elements', () => {
  expect(kernelsOf((x) => pad(x, [0, 1], [0, 0], [0, 1]), matrix)).toMatchInlineSnapshot(`
    "6 -> 12
    function (a0) {
      const i = this.thread.x;
      const q1 = Math.floor(i / 6);
      const c1 = i - q1 * 6;
      const p1 = c1 - 1;
      if (p1 < 0 || p1 > 4 || p1 - Math.floor(p1 / 2) * 2 != 0) {
        return 0;
      }
      return a0[q1 * 3 + Math.floor(p1 / 2)];
    }"
  `)
})

test('a sum over rows; the largest of all: joined axes are one loop', () => {
  expect(kernelsOf((x) => sum(x, 0), matrix)).toMatchInlineSnapshot(`
    "6 -> 3
    function (a0) {
      const i = this.thread.x;
      let total = 0;
      for (let r0 = 0; r0 < 2; r0++) {
        total = total + a0[i + r0 * 3];
      }
      return total;
    }"
  `)
  expect(kernelsOf((x) => max(x), matrix)).toMatchInlineSnapshot(`
    "6 -> 1
    function (a0) {
      let top = a0[0];
      for (let r0 = 0; r0 < 6; r0++) {
        const v = a0[r0];
        if (top == top && !(v <= top)) {
          top = v;
        }
      }
      return top;
    }"
  `)
})

test('attention scores: a batched product of operands that lie as they lie', () => {
  const q = zeros([2, 5, 2, 8])
  expect(kernelsOf((a, b) => einsum('bqhd,bkhd->bhqk', a, b), q, q)).toMatchInlineSnapshot(`
    "160, 160 -> 100
    function (a0, a1) {
      const i = this.thread.x;
      const q3 = Math.floor(i / 5);
      const c3 = i - q3 * 5;
      const q2 = Math.floor(q3 / 5);
      const c2 = q3 - q2 * 5;
      const q1 = Math.floor(q2 / 2);
      const c1 = q2 - q1 * 2;
      let total = 0;
      for (let r0 = 0; r0 < 8; r0++) {
        total = total + a0[q1 * 80 + c1 * 8 + c2 * 16 + r0] * a1[q1 * 80 + c1 * 8 + c3 * 16 + r0];
      }
      return total;
    }"
  `)
})

test('scatterAdd onto zeros: no array for the zeros', () => {
  const indices = array([1, 1], 'i32')
  expect(kernelsOf((i, u) => scatterAdd(zeros([4, 3]), i, u), indices, matrix)).toMatchInlineSnapshot(`
    "2, 6 -> 12
    function (a0, a1) {
      const i = this.thread.x;
      const q2 = Math.floor(i / 3);
      const c2 = i - q2 * 3;
      const q1 = Math.floor(q2 / 4);
      const c1 = q2 - q1 * 4;
      let total = 0;
      for (let r0 = 0; r0 < 2; r0++) {
        if (a0[r0] == c1) {
          total = total + a1[r0 * 3 + c2];
        }
      }
      return total;
    }"
  `)
})

test('gelu, with the functions it calls', () => {
  expect(kernelsOf((x) => gelu(x), row)).toMatchInlineSnapshot(`
    "3 -> 3
    function (a0) {
      const i = this.thread.x;
      function erf(x) {
        const t = Math.max(-4, Math.min(4, x));
        const s = t * t;
        const p = -0.0160960333262415 + s * (-0.00295459980854025 + s * (-0.000734990630326855 + s * (-0.0000569250639462346
          + s * (-0.00000210102402082508 + s * (0.0000000277068142495902 + s * -0.000000000272614225801306)))));
        const q = -0.0142647390514189 + s * (-0.00737332916720468 + s * (-0.00168282697438203
          + s * (-0.000213374055278905 + s * -0.0000145660718464996)));
        return t * p / q;
      }
      function gelu(x) {
        return x * 0.5 * (1 + erf(x * 0.7071067811865476));
      }
      return gelu(a0[i]);
    }"
  `)
})
