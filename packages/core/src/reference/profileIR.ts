import type { OperationTime } from '../compile/engine.js'
import type { HostArray, IR, RunProgram } from '../ir/ir.js'
import { evaluateIR, type Observe } from './evaluate.js'

/** Runs a program on the reference evaluator, with the time of each equation, those of programs that equations hold too. */
export const profileIR = (
  ir: IR,
  inputs: readonly HostArray[],
  runs: number,
): { readonly results: readonly HostArray[]; readonly operations: readonly OperationTime[] } => {
  const operations: OperationTime[] = []
  const begin = performance.now()
  let results: readonly HostArray[] = []
  for (let run = 0; run < runs; run++) {
    const observe: Observe = (equation, _operands, _results, evaluate) => {
      const start = performance.now()
      evaluate(inner)
      const duration = 1000 * (performance.now() - start)
      operations.push({ operation: equation.primitive.name, equation, run, start: 1000 * (start - begin), duration })
    }
    const inner: RunProgram = (program, operands) => evaluateIR(program, operands, { observe })
    results = inner(ir, inputs)
  }
  return { results, operations }
}
