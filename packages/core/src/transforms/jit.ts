/*
 * jit : f -> f, with its program as one call equation
 *
 * Transforms look into the program; engines inline it. It is traced once for each signature of its arguments.
 */
import { printAval } from '../aval.js'
import type { IR } from '../ir/ir.js'
import { broadcastTo } from '../primitives/broadcast.js'
import { dataAttrs, definePrimitive, type Primitive } from '../primitives/primitive.js'
import { printTree, type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, trace } from '../trace/trace.js'
import { jvpIR } from './jvp.js'
import { transposeIR } from './transpose.js'
import { batchIR } from './vmap.js'

export interface CallAttrs {
  readonly name: string
  readonly ir: IR
}

export const callPrimitive: Primitive<CallAttrs> = definePrimitive({
  name: 'call',
  arity: 'variadic',
  attrs: dataAttrs<CallAttrs>('name', 'ir'),
  abstractEval: (_, { ir }) => ir.outputs.map((atom) => atom.aval),
  evaluate: (operands, { ir }, results, run) => {
    for (const [i, { data }] of run(ir, operands).entries()) results[i]?.data.set(data)
  },
  jvp: {
    kind: 'joint',
    apply: (primals, tangents, { ir }) => {
      const duals = jvpIR(
        ir,
        primals.map((primal, i) => ({ primal, tangent: tangents[i] ?? null })),
      )
      return { primals: duals.map((d) => d.primal), tangents: duals.map((d) => d.tangent) }
    },
  },
  transpose: {
    kind: 'joint',
    apply: (cts, operands, linear, { ir }) => {
      // the program's inputs in the order known, linear; its equations do not care
      const known = ir.inputs.filter((_, i) => !linear[i])
      const active = ir.inputs.filter((_, i) => linear[i])
      const parts = transposeIR(
        { ...ir, inputs: [...known, ...active] },
        operands.filter((_, i) => !linear[i]),
        cts,
      )
      let next = 0
      return linear.map((isLinear) => (isLinear ? (parts[next++] ?? null) : null))
    },
  },
  batch: (operands, mapped, { ir }, size, axisName) =>
    batchIR(
      ir,
      operands.map((value, i) => ({ value, mapped: mapped[i] ?? false })),
      size,
      axisName,
    ).map(({ value, mapped: isMapped }) => (isMapped ? value : broadcastTo(value, [size, ...value.shape]))),
  properties: { body: ({ ir }) => ir },
})

/**
 * A function whose program is traced once per signature (shapes, dtypes, structure) and then appears as one equation.
 * Outside of a transform it evaluates on the reference evaluator; `compile` is what makes it fast.
 *
 * @example jit((x) => mul(x, x))
 */
export const jit = <A extends readonly unknown[], R>(f: (...args: A) => R): ((...args: A) => R) => {
  const cache = new Map<string, { readonly ir: IR; readonly out: TreeDef }>()
  return (...args) => {
    const [leaves, def] = treeFlatten(args)
    const signature = `${printTree(def)} ${leaves.map((x) => printAval(x.aval)).join(' ')}`
    const known = cache.get(signature)
    if (known !== undefined)
      return treeUnflatten<R>(known.out, bind(callPrimitive, leaves, { name: f.name, ir: known.ir }))
    const { ir, captured, out } = trace('jit', f as AnyFunction, args)
    // what it closed over belongs to this call only: such a program is traced again next time
    if (captured.length === 0) cache.set(signature, { ir, out })
    const results: readonly Tensor[] = bind(callPrimitive, [...captured, ...leaves], { name: f.name, ir })
    return treeUnflatten<R>(out, results)
  }
}
