/* A traced function whose programs an engine has loaded, and how a call of it runs. */
import type { Atom, Equation, IR, Literal } from '../ir/ir.js'
import type { TreeDef } from '../pytree.js'
import { evaluateIR } from '../reference/evaluate.js'
import { HostTensor, literal, type Tensor } from '../tensor.js'
import type { Engine, Executable } from './engine.js'
import { hoistKeyed } from './hoistKeyed.js'
import { planStages } from './stages.js'

/** A value of a call: its place in the list of them, or a number held by the program. */
type Source = number | Literal

interface LoadedStage {
  readonly ir: IR
  /** `null` where it runs on the host. */
  readonly executable: Executable | null
  readonly inputs: readonly Source[]
  /** Where its results go. */
  readonly outputs: readonly number[]
}

/** What a call needs. Its values are those that f closed over, its arguments' leaves, then the stages' results. */
export interface Loaded {
  readonly captured: readonly Tensor[]
  readonly stages: readonly LoadedStage[]
  readonly outputs: readonly Source[]
  /** The structure of the result. */
  readonly out: TreeDef
}

/** Plans the stages of a prepared program, and loads those of the engine. */
export const loadStages = async (
  prepared: IR,
  engine: Engine,
): Promise<{ readonly stages: readonly LoadedStage[]; readonly outputs: readonly Source[] }> => {
  const runs = (equation: Equation): boolean => engine.runs(equation)
  const ir = hoistKeyed(prepared, runs)
  const places = new Map(ir.inputs.map((v, i) => [v.id, i]))
  let next = ir.inputs.length
  const sourceOf = (atom: Atom): Source => {
    const source = atom.kind === 'literal' ? atom : places.get(atom.id)
    if (source === undefined) throw new Error('a stage needs a value that no earlier one computes')
    return source
  }
  const stages: LoadedStage[] = []
  for (const stage of planStages(ir, runs)) {
    const inputs = stage.ir.inputs.map(sourceOf)
    const outputs = stage.ir.outputs.map((atom) => {
      if (atom.kind === 'var') places.set(atom.id, next)
      return next++
    })
    const executable = stage.where === 'engine' ? await engine.load(stage.ir) : null
    stages.push({ ir: stage.ir, executable, inputs, outputs })
  }
  return { stages, outputs: ir.outputs.map(sourceOf) }
}

const runHost = async (ir: IR, inputs: readonly Tensor[]): Promise<readonly Tensor[]> => {
  const here = await Promise.all(inputs.map((x) => x.read()))
  return evaluateIR(ir, here).map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype))
}

/**
 * The leaves of the result for the leaves of the arguments. The storage of those that are donated is used again, unless
 * the call fails.
 */
export const runLoaded = async (
  { captured, stages, outputs }: Loaded,
  leaves: readonly Tensor[],
  donated: ReadonlySet<Tensor>,
): Promise<readonly Tensor[]> => {
  const values: Tensor[] = [...captured, ...leaves]
  const valueOf = (source: Source): Tensor => {
    const value = typeof source === 'number' ? values[source] : literal(source.value, source.aval.dtype)
    if (value === undefined) throw new Error('a call needs a value that no stage computes')
    return value
  }
  for (const { ir, executable, inputs, outputs: places } of stages) {
    const given = inputs.map(valueOf)
    const results = await (executable === null ? runHost(ir, given) : executable.run(given))
    for (const [i, place] of places.entries()) {
      const result = results[i]
      if (result !== undefined) values[place] = result
    }
  }
  const results = outputs.map(valueOf)
  if (donated.size === 0 && stages.length <= 1) return results

  const kept = new Set(results)
  const last = stages.findLast(({ executable }) => executable !== null)?.executable ?? null
  const given = new Map<Tensor, Tensor>()
  for (const x of donated) {
    if (kept.has(x) && x instanceof HostTensor) given.set(x, new HostTensor(x.donate(), x.shape, x.dtype))
    else if (!kept.has(x) && last !== null) last.recycle(x)
    else if (!kept.has(x) && x instanceof HostTensor) x.donate() // nothing ran on the engine: given away all the same
  }
  // what one program handed to the next
  for (const { executable, outputs: places } of stages) {
    for (const place of executable === null ? [] : places) {
      const value = values[place]
      if (value !== undefined && !kept.has(value)) executable?.recycle(value)
    }
  }
  return results.map((x) => given.get(x) ?? x)
}
