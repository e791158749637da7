/* The search for NaN on an engine, for one that the reference evaluator does not have. */
import type { Engine } from '../compile/engine.js'
import { prepareIR } from '../compile/prepare.js'
import type { Atom, Equation, IR, Var } from '../ir/ir.js'
import { evaluateIR } from '../reference/evaluate.js'
import { HostTensor, literal } from '../tensor.js'
import type { AnyFunction } from '../trace/trace.js'
import { Faults, firstOf } from './faults.js'
import type { FindNaNOptions } from './findNaN.js'
import type { NaNReport } from './nanReport.js'
import { tracedCall } from './tracedCall.js'

/** The equation as a program. */
const alone = (equation: Equation): IR => ({
  inputs: [...new Map(equation.inputs.flatMap((atom) => (atom.kind === 'var' ? [[atom.id, atom]] : []))).values()],
  equations: [equation],
  outputs: equation.results,
})

/**
 * As `findNaN`, each operation evaluated by an engine. It takes a program for every operation, and so a second or more;
 * loops are looked at as a whole. `compileChecked` asks for it where the reference evaluator finds nothing.
 *
 * @param f a pure function of pytrees, not compiled
 * @param engine whose operations are tried
 * @returns takes the arguments of f
 * @example
 * const report = await findNaNOn((x: Tensor) => sub(exp(x), exp(x)), referenceEngine())(array([100]))
 * report?.op // => 'sub'
 */
export const findNaNOn =
  <A extends readonly unknown[]>(f: (...args: A) => unknown, engine: Engine, options: FindNaNOptions = {}) =>
  async (...args: A): Promise<NaNReport | null> => {
    const { ir: whole, inputs, look } = tracedCall(f as AnyFunction, args, options.static)
    const ir = prepareIR(whole, (primitive) => engine.lowers(primitive))
    const given = await Promise.all(inputs.map((x) => x.read()))
    const faults = new Faults()
    look(faults, given)
    const values = new Map<number, HostTensor>()
    const set = (variables: readonly Var[], tensors: readonly HostTensor[]): void => {
      for (const [i, v] of variables.entries()) if (tensors[i] !== undefined) values.set(v.id, tensors[i])
    }
    const valueOf = (atom: Atom): HostTensor => {
      const value = atom.kind === 'literal' ? literal(atom.value, atom.aval.dtype) : values.get(atom.id)
      if (value === undefined) throw new Error(`variable is used before it is bound`)
      return value
    }
    const evaluate = async (equation: Equation): Promise<readonly HostTensor[]> => {
      const program = alone(equation)
      const operands = program.inputs.map(valueOf)
      if (!engine.runs(equation)) {
        return evaluateIR(program, operands).map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype))
      }
      const results = await (await engine.load(program)).run(operands)
      return Promise.all(results.map((x) => x.read()))
    }
    set(ir.inputs, given)
    for (const equation of ir.equations) {
      const results = await evaluate(equation)
      faults.judge({ equation, operands: equation.inputs.map(valueOf), results })
      set(equation.results, results)
    }
    return firstOf(
      ir.outputs.map((atom) => faults.given(valueOf(atom), () => null)),
      options,
    )
  }
