/* A function's program and its inputs, with what is wrong with them. */
import type { IR } from '../ir/ir.js'
import { leafPaths, treeFlatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import type { AnyFunction } from '../trace/trace.js'
import type { Faults } from './faults.js'
import { namedPath, parameterNames } from './parameterNames.js'
import { fixedArguments } from './staticArguments.js'

const noOrigin = { operands: [], source: null, pass: 'forward', derivativeOf: null, scopes: [], within: [] } as const

/** The program of f, and its inputs on the host: those that f closes over, then the leaves of the arguments. */
export interface TracedCall {
  readonly ir: IR
  readonly inputs: readonly Tensor[]
  /** Looks at the inputs; a bad one is named by its path. */
  readonly look: (faults: Faults, inputs: readonly Tensor[]) => void
}

/** Traces f for these arguments. */
export const tracedCall = (f: AnyFunction, args: readonly unknown[], statics: readonly number[] = []): TracedCall => {
  const { f: traced, dynamic } = fixedArguments(f, args, statics)
  const names = parameterNames(f, args.length).filter((_, i) => !statics.includes(i))
  const [leaves, def] = treeFlatten(dynamic)
  const paths = leafPaths(def)
  const { captured, ...ir } = makeIR(traced as (...xs: unknown[]) => unknown)(...dynamic)
  return {
    ir,
    inputs: [...captured, ...leaves],
    look: (faults, inputs) => {
      for (const [i, x] of inputs.entries()) {
        const path = paths[i - captured.length]
        faults.given(x, (kind) =>
          faults.fault(kind, x, {
            ...noOrigin,
            kind: path === undefined ? 'captured' : 'argument',
            op: path === undefined ? '' : namedPath(names, path),
          }),
        )
      }
    },
  }
}
