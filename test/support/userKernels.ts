/* Kernels of one's own, of each sort that there is. */
import {
  type Aval,
  add,
  argmax,
  cos,
  equal,
  exp,
  expandDims,
  iota,
  logSoftmax,
  logsumexp,
  mul,
  neg,
  oneHot,
  printAval,
  ShapeError,
  sin,
  sub,
  sum,
  type Tensor,
  vmap,
} from '@cotangent/core'
import { defineKernel } from '@cotangent/engine-gpu'

const rowsAndColumns = (op: string, { shape, dtype }: Aval): readonly [number, number] => {
  const [rows, columns, ...more] = shape
  if (rows !== undefined && columns !== undefined && columns > 0 && more.length === 0) return [rows, columns]
  throw new ShapeError({
    op,
    expected: 'logits must have the shape [batch, classes], with at least one class.',
    received: `logits ${printAval({ shape, dtype })}`,
    todo: 'map further axes with vmap',
  })
}

export const entropyOfRows = (logits: Tensor): Tensor => {
  const logP = logSoftmax(logits, -1)
  return neg(sum(mul(exp(logP), logP), -1))
}

const slopeOfEntropy = (logits: Tensor, lse: Tensor, entropy: Tensor, ct: Tensor): Tensor => {
  const logP = sub(logits, expandDims(lse, 1))
  return mul(neg(expandDims(ct, 1)), mul(exp(logP), add(logP, expandDims(entropy, 1))))
}

/** The derivative backwards of `rowEntropy`, a kernel itself: -ct p (log p + H), one thread per logit. */
export const rowEntropySlope = defineKernel({
  name: 'rowEntropySlope',
  operands: ['logits', 'lse', 'entropy', 'ct'],
  result: ([logits]) => logits,
  source: ([logits]) => `function (logits, lse, entropy, ct) {
  const i = this.thread.x;
  const row = Math.floor(i / ${logits.shape[1]});
  const logP = logits[i] - lse[row];
  return -ct[row] * Math.exp(logP) * (logP + entropy[row]);
}`,
  reference: slopeOfEntropy,
})

/** The entropy of each row's softmax, in nats: [batch, classes] -> [batch]. One thread per row, no array in between. */
export const rowEntropy = defineKernel({
  name: 'rowEntropy',
  operands: ['logits'],
  result: ([logits]) => ({ shape: [rowsAndColumns('rowEntropy', logits)[0]], dtype: logits.dtype }),
  source: ([logits]) => {
    const columns = logits.shape[1] ?? 1
    return `function (logits) {
  const start = this.thread.x * ${columns};
  let top = logits[start];
  for (let k = 1; k < ${columns}; k++) {
    top = Math.max(top, logits[start + k]);
  }
  let total = 0;
  let weighted = 0;
  for (let k = 0; k < ${columns}; k++) {
    const z = logits[start + k] - top;
    const e = Math.exp(z);
    total = total + e;
    weighted = weighted + e * z;
  }
  return Math.log(total) - weighted / total;
}`
  },
  reference: entropyOfRows,
  vjp: ([logits], entropy, ct) => [rowEntropySlope(logits, logsumexp(logits, -1), entropy, ct)],
})

/** The logit of each row's label: an integer operand, which has no cotangent. */
export const pickedLogit = defineKernel({
  name: 'pickedLogit',
  operands: ['logits', 'labels'],
  result: ([logits]) => ({ shape: [rowsAndColumns('pickedLogit', logits)[0]], dtype: logits.dtype }),
  source: ([logits]) => `function (logits, labels) {
  const row = this.thread.x;
  return logits[row * ${logits.shape[1]} + labels[row]];
}`,
  reference: (logits, labels) => sum(mul(logits, oneHot(labels, logits.shape[1] ?? 1, logits.dtype)), -1),
  vjp: ([logits, labels], _, ct) => [mul(expandDims(ct, 1), oneHot(labels, logits.shape[1] ?? 1, logits.dtype)), null],
})

/** x sin y with a tangent, and so with both modes; an inner function. */
export const sineProduct = defineKernel({
  name: 'sineProduct',
  operands: ['x', 'y'],
  result: ([x]) => x,
  source: () => `function (x, y) {
  function sineOf(a) {
    return Math.sin(a);
  }
  const i = this.thread.x;
  return x[i] * sineOf(y[i]);
}`,
  reference: (x, y) => mul(x, sin(y)),
  jvp: ([x, y], _, [dx, dy]) => {
    if (dx === null || dy === null) throw new Error('x and y are floating')
    return add(mul(dx, sin(y)), mul(dy, mul(x, cos(y))))
  },
})

/** Whether a logit is the first of the largest of its row: a bool result, which has no derivative. */
export const isTop = defineKernel({
  name: 'isTop',
  operands: ['logits'],
  result: ([logits]) => {
    rowsAndColumns('isTop', logits)
    return { shape: logits.shape, dtype: 'bool' }
  },
  source: ([logits]) => {
    const columns = logits.shape[1] ?? 1
    return `function (logits) {
  const i = this.thread.x;
  const row = Math.floor(i / ${columns});
  let best = 0;
  for (let k = 1; k < ${columns}; k++) {
    if (logits[row * ${columns} + k] > logits[row * ${columns} + best]) {
      best = k;
    }
  }
  return i - row * ${columns} == best ? 1 : 0;
}`
  },
  reference: (logits) => equal(expandDims(argmax(logits, 1), 1), iota(logits.shape[1] ?? 1)),
})

/**
 * `rowEntropySlope` under two vmaps that map different operands: logits [b, n, d], lse [a, n], entropy [n] and ct
 * [a, b, n] give [a, b, n, d]. It has no derivative, so that operands which examples share stay as they are.
 */
export const slopesOfBatches: (...operands: readonly Tensor[]) => Tensor = vmap(
  vmap(rowEntropySlope, { inAxes: [0, null, null, 0] }),
  { inAxes: [null, 0, null, 0] },
) as (...operands: readonly Tensor[]) => Tensor // border: a list of operands

/** x·x, a scalar: over a batch each thread is an example. */
export const squaredLength = defineKernel({
  name: 'squaredLength',
  operands: ['x'],
  result: ([{ dtype }]) => ({ shape: [], dtype }),
  source: ([x]) => `// with a name, and comments
function squaredLength(x) {
  let total = 0; /* from here on } */
  for (let k = 0; k < ${x.shape[0]}; k++) {
    total = total + x[k] * x[k];
  }
  return total;
}`,
  reference: (x) => sum(mul(x, x)),
})
