/*
 * The reference data of operations as comparisons: one program each, which gives values and derivatives together, and
 * what they must be. Engines run the same ones.
 */
import type { HostTensor, Tensor } from '@cotangent/core'
import * as ct from '@cotangent/core'
import type { ListFunction } from '@cotangent/testing'
import { fixtureJson, fixtureTensors, need } from './fixtures.js'
import { networkLoss, scalars, vectors } from './opsHigher.js'
import { freeSigns } from './opsSigns.js'
import { type Attributes, type Op, table } from './opsTable.js'

interface CaseOf {
  readonly attributes: Attributes
  readonly inputs: readonly string[]
  readonly outputs: number
  readonly gradients: readonly string[]
  readonly free_signs: boolean
}

/** All cases of the reference data, by operation. */
export const index = fixtureJson('ops/index.json') as Readonly<Record<string, readonly CaseOf[]>> // border: a file of ours

/** Largest `scaled` error asked of outputs, and of cotangents, Hessian-vector products and Jacobians. */
export const ask = { outputs: 1e-5, gradients: 2e-5 } as const

/** A result of a comparison's program, as it must be. */
export interface Expected {
  readonly what: string
  readonly kind: keyof typeof ask
  readonly value: HostTensor
}

/** One program, its operands, and what it must give. */
export interface Comparison {
  readonly name: string
  readonly f: ListFunction
  readonly inputs: readonly HostTensor[]
  readonly expected: readonly Expected[]
}

const output = (what: string, value: HostTensor): Expected => ({ what, kind: 'outputs', value })
const gradient = (what: string, value: HostTensor): Expected => ({ what, kind: 'gradients', value })

// ---------------------------------------------------------------- values and cotangents

const listed = (name: string, y: ReturnType<Op>): readonly Tensor[] => {
  if (y === null) throw new Error(`${name} has too few operands`)
  return y instanceof ct.Tensor ? [y] : y
}

const comparisonOf = (name: string, op: Op, number: number, entry: CaseOf): Comparison => {
  const file = fixtureTensors(`ops/${name}.safetensors`)
  const get = (kind: string, key: string | number): HostTensor => need(file, `${number}.${kind}.${key}`)
  const right = ct.range(entry.outputs).map((i) => get('out', i))
  const active = entry.gradients.map((key) => entry.inputs.indexOf(key))
  const valuesOf: ListFunction = (xs) => {
    const ys = listed(name, op(xs, entry.attributes))
    return entry.free_signs ? (freeSigns[name]?.(ys, right) ?? ys) : ys
  }
  const cotangents = right
    .map((y, i) => file.get(`${number}.cot.${i}`) ?? ct.zeros(y.shape))
    .filter((_, i) => ct.isFloating(right[i]?.dtype ?? 'i32'))
  const slopesOf: ListFunction = (xs) => {
    const of: ListFunction = (ys) =>
      valuesOf(xs.map((x, i) => ys[active.indexOf(i)] ?? x)).filter((y) => ct.isFloating(y.dtype))
    const some = active.flatMap((i) => xs[i] ?? [])
    return ct.vjp(of, some)[1](cotangents)[0]
  }
  return {
    name: `${name} ${number}`,
    f: (xs) => [...valuesOf(xs), ...(active.length === 0 ? [] : slopesOf(xs))],
    inputs: entry.inputs.map((key) => get('in', key)),
    expected: [
      ...right.map((y, i) => output(`result ${i}`, y)),
      ...entry.gradients.map((key) => gradient(`cotangent of ${key}`, get('grad', key))),
    ],
  }
}

const operations = (): readonly Comparison[] =>
  Object.entries(table).flatMap(([name, op]) =>
    (index[name] ?? []).map((entry, number) => comparisonOf(name, op, number, entry)),
  )

// ---------------------------------------------------------------- higher order

const two =
  (f: (x: Tensor, v: Tensor) => readonly Tensor[]): ListFunction =>
  ([x, v]) => {
    if (x === undefined || v === undefined) throw new Error('a point and a direction')
    return f(x, v)
  }

/** The product by hvp, by reverse over reverse, and as a column of the Hessian. */
const hessianVectorProducts = (): readonly Comparison[] => {
  const file = fixtureTensors('ops/higher_order.safetensors')
  return Object.entries(scalars).map(([name, f]) => {
    const get = (key: string): HostTensor => need(file, `hvp.${name}.${key}`)
    const loss = (x: Tensor): Tensor => f(x, (key) => get(`in.${key}`))
    return {
      name: `Hessian-vector product of ${name}`,
      f: two((x, v) => {
        const along = (y: Tensor): Tensor => ct.sum(ct.mul(ct.grad(loss)(y), v))
        const rows = ct.reshape(ct.hessian(loss)(x), [x.size, x.size])
        const column = ct.reshape(ct.matmul(rows, ct.reshape(v, [-1])), x.shape)
        return [...ct.valueAndGrad(loss)(x), ...ct.hvp(loss, [x], [v]), ct.grad(along)(x), column]
      }),
      inputs: [get('in.x'), get('v')],
      expected: [
        output('value', get('value')),
        gradient('gradient', get('gradient')),
        gradient('hvp', get('product')),
        gradient('reverse over reverse', get('product')),
        gradient('column of the Hessian', get('product')),
      ],
    }
  })
}

/** By rows (jacrev), by columns (jacfwd), and along a direction. */
const jacobians = (): readonly Comparison[] => {
  const file = fixtureTensors('ops/higher_order.safetensors')
  return Object.entries(vectors).map(([name, f]) => {
    const get = (key: string): HostTensor => need(file, `jacobian.${name}.${key}`)
    const of = (z: Tensor): Tensor => f(z, (key) => get(`in.${key}`))
    return {
      name: `Jacobian of ${name}`,
      f: two((x, v) => [...ct.jvp(of, [x], [v]), ct.jacrev(of)(x), ct.jacfwd(of)(x)]),
      inputs: [get('in.x'), get('v')],
      expected: [
        output('value', get('value')),
        gradient('jvp', get('jvp')),
        gradient('jacrev', get('jacobian')),
        gradient('jacfwd', get('jacobian')),
      ],
    }
  })
}

/** Each row's own gradient of a small network, by vmap of grad, and by the Jacobian of all losses. */
const rowsOfGradients = (): Comparison => {
  const file = fixtureTensors('ops/per_sample_gradients.safetensors')
  const names = ['0.weight', '0.bias', '2.weight', '2.bias', '3.weight', '3.bias']
  const each = ct.vmap(ct.grad(networkLoss), { inAxes: [null, 0, 0] })
  const losses = ct.vmap(networkLoss, { inAxes: [null, 0, 0] })
  const expected = (how: string): readonly Expected[] =>
    names.map((name) => gradient(`${name} by ${how}`, need(file, `grad.${name}`)))
  return {
    name: 'gradients of each row',
    f: (all) => {
      const [weights, [x, y]] = [all.slice(0, 6), all.slice(6)]
      if (x === undefined || y === undefined) throw new Error('examples and labels')
      return [...each(weights, x, y), ...ct.jacrev(losses)(weights, x, y)]
    },
    inputs: [...names.map((name) => need(file, `weight.${name}`)), need(file, 'x'), need(file, 'y')],
    expected: [...expected('vmap of grad'), ...expected('jacrev')],
  }
}

/** All that the reference data of operations holds. */
export const comparisons = (): readonly Comparison[] => [
  ...operations(),
  ...hessianVectorProducts(),
  ...jacobians(),
  rowsOfGradients(),
]
