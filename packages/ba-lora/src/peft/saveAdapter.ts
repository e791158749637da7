import { join } from 'node:path'
import { ArgumentError, concat, neg, type Path, type Tensor, treeFlatten, treeUnflatten } from '@cotangent/core'
import {
  ensureOutputFolder,
  type FileLayer,
  type Metadata,
  nodeFiles,
  writeFileAtomic,
  writeTensors,
} from '@cotangent/io'
import { denseWeight, isLowRank, type LowRank } from '@cotangent/nn'
import { attemptTask, type EdgeError, pipe, TE, type WrongProgram } from '@cotangent/prelude'
import { nodesOf } from '../adapters/tree.js'
import { adapterConfigName, adapterWeightsName, means, residualName, underName, within } from './loraConfig.js'
import { dottedName, keyOf, moduleOf, type NameOf } from './names.js'

/** In which of its forms an adapter is written, and what its configuration says. */
export interface SaveAdapterOptions {
  /**
   * How an adapter that did not start at zero (PiSSA) is written, since A and B alone on the original weights would be
   * wrong: `converted`, as LoRA of rank 2r on the original weights; or `residual`, as A and B with the weights under them
   * in residual.safetensors. `converted` by default.
   */
  readonly form?: 'converted' | 'residual'
  /** Modules that were trained whole, by name: `['classifier']`. */
  readonly modulesToSave?: readonly string[]
  /** PEFT's name of the task, such as `SEQ_CLS`. */
  readonly taskType?: string
  /** What the adapter belongs on: a folder or a name. */
  readonly baseModel?: string
  /** Rate of dropout in front of A while training. */
  readonly dropout?: number
  readonly nameOf?: NameOf
  readonly layer?: FileLayer
}

/** What stands in the folder's files. */
interface Written {
  readonly config: object
  readonly weights: ReadonlyMap<string, Tensor>
  readonly residual: ReadonlyMap<string, Tensor>
}

interface Entry {
  readonly module: string
  readonly rank: number
  readonly alpha: number
}

const twice = ({ a, b, a0, b0 }: LowRank): { readonly a: Tensor; readonly b: Tensor } =>
  a0 === undefined || b0 === undefined ? { a, b } : { a: concat([a, a0], 0), b: concat([b, neg(b0)], 1) }

/** The weight under the adapter: W - c B0 A0. */
const residualOf = ({ base, scale, a0, b0 }: LowRank): Tensor | null =>
  a0 === undefined || b0 === undefined ? null : denseWeight({ base, a: a0, b: neg(b0), scale })

const mostCommon = (values: readonly number[]): number => {
  const count = (x: number): number => values.filter((value) => value === x).length
  return values.reduce((best, value) => (count(value) > count(best) ? value : best), values[0] ?? 1)
}

/** The last part of the names where it means these modules and no others, else whole names. */
const targetsOf = (adapted: readonly string[], modules: readonly string[]): readonly string[] => {
  const last = (module: string): string => module.split('.').at(-1) ?? module
  const all = new Set(adapted)
  const exact = (end: string): boolean => modules.every((module) => !means(end, module) || all.has(module))
  return [...new Set(adapted.map((module) => (exact(last(module)) ? last(module) : module)))].sort()
}

const differing = (entries: readonly Entry[], of: (entry: Entry) => number, usual: number): Record<string, number> =>
  Object.fromEntries(entries.filter((entry) => of(entry) !== usual).map((entry) => [entry.module, of(entry)]))

const configOf = (entries: readonly Entry[], modules: readonly string[], options: SaveAdapterOptions): object => {
  const { modulesToSave = [], taskType = null, baseModel = null, dropout = 0 } = options
  const rank = mostCommon(entries.map((entry) => entry.rank))
  const alpha = mostCommon(entries.map((entry) => entry.alpha))
  return {
    alpha_pattern: differing(entries, (entry) => entry.alpha, alpha),
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: dropout,
    modules_to_save: modulesToSave.length === 0 ? null : [...modulesToSave],
    peft_type: 'LORA',
    r: rank,
    rank_pattern: differing(entries, (entry) => entry.rank, rank),
    target_modules: targetsOf(
      entries.map(({ module }) => module),
      modules,
    ),
    task_type: taskType,
    use_dora: false,
    use_rslora: false,
  }
}

/** c r, without the rounding of c to f32 where it is a whole number. */
const alphaOf = (scale: Tensor, rank: number): number => {
  const alpha = scale.item() * rank
  const whole = Math.round(alpha)
  return Math.abs(alpha - whole) <= 1e-6 * Math.abs(alpha) ? whole : alpha
}

/** The same tree with every tensor on the host. */
const onHost = async (tree: unknown): Promise<unknown> => {
  const [leaves, def] = treeFlatten(tree)
  return treeUnflatten(def, await Promise.all(leaves.map((leaf) => leaf.read())))
}

const written = (tree: unknown, options: SaveAdapterOptions): TE.TaskEither<WrongProgram, Written> =>
  attemptTask(async () => {
    const params = await onHost(tree)
    const { form = 'converted', modulesToSave = [], nameOf = dottedName } = options
    const nodes = [...nodesOf(params)].map(([path, node]: readonly [Path, unknown]) => [nameOf(path), node] as const)
    const weights = new Map<string, Tensor>()
    const residual = new Map<string, Tensor>()
    const entries: Entry[] = []
    const modules: string[] = []
    for (const [name, node] of nodes) {
      const module = moduleOf(name)
      if (name.endsWith('weight')) modules.push(module)
      if (!isLowRank(node)) continue
      const { a, b } = form === 'converted' ? twice(node) : node
      weights.set(keyOf({ kind: 'factor', module, factor: 'a' }), a)
      weights.set(keyOf({ kind: 'factor', module, factor: 'b' }), b)
      const under = form === 'residual' ? residualOf(node) : null
      if (under !== null) residual.set(name, under)
      const rank = a.shape[0] ?? 0
      entries.push({ module, rank, alpha: alphaOf(node.scale, rank) })
    }
    if (entries.length === 0) throw noAdapter()
    for (const pattern of modulesToSave) {
      const found = nodes.flatMap(([name, node]) =>
        within(pattern, name) && !isLowRank(node) ? [[name, node] as const] : [],
      )
      if (found.length === 0) throw noModule(pattern)
      for (const [name, node] of found) weights.set(keyOf({ kind: 'whole', name }), node as Tensor) // border: a node that is no low-rank weight
    }
    return { config: configOf(entries, modules, options), weights, residual }
  })

const noAdapter = (): ArgumentError =>
  new ArgumentError({
    op: 'saveAdapter',
    expected: 'the parameters must have adapters.',
    received: 'none',
    todo: 'adapt() the parameters first, or write the whole model',
  })

const noModule = (name: string): ArgumentError =>
  new ArgumentError({
    op: 'saveAdapter',
    expected: 'each of modulesToSave must be a module of the model.',
    received: name,
    todo: 'give the name as in the base model, such as classifier',
  })

/**
 * Writes the adapters of a model in PEFT's layout: adapter_model.safetensors, then adapter_config.json, each whole or not
 * at all. PEFT loads them onto the base model; `loadAdapter` too.
 *
 * @param folder made where it is not there; an adapter that is there is replaced
 * @param params parameters with adapters; those on a device are copied to the host
 * @returns OutputRefused, WriteFailed, or WrongProgram for parameters without an adapter
 * @example saveAdapter('adapters/mine', params, { modulesToSave: ['classifier'], taskType: 'SEQ_CLS' })
 */
export const saveAdapter = (
  folder: string,
  params: unknown,
  options: SaveAdapterOptions = {},
): TE.TaskEither<EdgeError, void> => {
  const { layer = nodeFiles } = options
  const write = (
    path: string,
    tensors: ReadonlyMap<string, Tensor>,
    metadata?: Metadata,
  ): TE.TaskEither<EdgeError, void> =>
    tensors.size === 0
      ? TE.right(undefined)
      : writeTensors(path, tensors, metadata === undefined ? { layer } : { layer, metadata })
  const under = (made: Written): Metadata =>
    new Map([
      ['format', 'pt'],
      [underName, made.residual.size === 0 ? 'original' : 'residual'],
    ])
  return pipe(
    written(params, options),
    TE.mapLeft((error): EdgeError => error),
    TE.bindTo('made'),
    TE.bind('path', (): TE.TaskEither<EdgeError, string> => ensureOutputFolder(folder, { reuse: true })),
    TE.tap(({ made, path }) => write(join(path, residualName), made.residual)),
    TE.tap(({ made, path }) => write(join(path, adapterWeightsName), made.weights, under(made))),
    TE.tap(({ made, path }) =>
      writeFileAtomic(join(path, adapterConfigName), `${JSON.stringify(made.config, null, 2)}\n`, layer),
    ),
    TE.flatMap(({ made, path }) => (made.residual.size === 0 ? removed(join(path, residualName), layer) : nothing)),
  )
}

const nothing: TE.TaskEither<EdgeError, void> = TE.right(undefined)

/** Removes what an earlier adapter left. Where that fails it only takes room: the weights say that they do without. */
const removed = (path: string, layer: FileLayer): TE.TaskEither<EdgeError, void> =>
  TE.fromTask(async () => {
    try {
      await layer.remove(path)
    } catch {
      // not there, or not removable: see above
    }
  })
