import { join } from 'node:path'
import { type Path, printAval, sameShape, scalar, Tensor } from '@cotangent/core'
import { readJson, readSafetensors, readTensors, type StoredFile, toTensor } from '@cotangent/io'
import type { Weight } from '@cotangent/nn'
import {
  attempt,
  badContainer,
  E,
  type EdgeError,
  missingTensor,
  nearest,
  pipe,
  TE,
  wrongShape,
} from '@cotangent/prelude'
import type { Adapted } from '../adapters/adapt.js'
import { pissa } from '../adapters/initialise.js'
import { mapNodes, nodesOf } from '../adapters/tree.js'
import {
  adapterConfigName,
  adapterWeightsName,
  checkSupported,
  LoraConfig,
  means,
  residualName,
  scaleOf,
  underName,
  within,
} from './loraConfig.js'
import { adapterKeyOf, dottedName, moduleOf, type NameOf } from './names.js'

/** A base model with an adapter from a folder. */
export interface LoadedAdapter<T> extends Adapted<T> {
  /** Parameters that the adapter holds whole (`modules_to_save`, such as a classifier) and that replaced the base's. */
  readonly replaced: readonly Path[]
  readonly config: LoraConfig
}

/** How the names in an adapter become paths in a tree. */
export interface LoadAdapterOptions {
  /** How the base model's file calls a parameter; numbers become parts of the name unless told otherwise. */
  readonly nameOf?: NameOf
}

type Tensors = ReadonlyMap<string, Tensor>

/** The tensors of the adapter, and what its header says they belong on. */
const readAdapter = (
  folder: string,
): TE.TaskEither<EdgeError, { readonly weights: Tensors; readonly under: string }> => {
  const file = join(folder, adapterWeightsName)
  const converted = ({ tensors, metadata }: StoredFile) =>
    pipe(
      [...tensors],
      E.traverseArray(([name, stored]) =>
        pipe(
          toTensor(stored, { name, file }),
          E.map((tensor): readonly [string, Tensor] => [name, tensor]),
        ),
      ),
      E.map((entries) => ({ weights: new Map(entries), under: metadata.get(underName) ?? '' })),
      E.mapLeft((error): EdgeError => error),
    )
  return pipe(
    readSafetensors(file),
    TE.mapLeft((error): EdgeError => error),
    TE.flatMapEither(converted),
  )
}

/**
 * The folder's residual weights; empty where there is no such file, or the adapter does without. An adapter whose header
 * does not say takes the file where it is there.
 */
const readResidual = (folder: string, under: string): TE.TaskEither<EdgeError, Tensors> =>
  under === 'original'
    ? TE.right(new Map())
    : pipe(
        readTensors(join(folder, residualName)),
        TE.orElse(
          (error): TE.TaskEither<EdgeError, Tensors> =>
            under === '' && error._tag === 'MissingFile' && error.code === 'ENOENT'
              ? TE.right(new Map())
              : TE.left(error),
        ),
      )

interface Parts {
  readonly config: LoraConfig
  readonly weights: Tensors
  readonly residual: Tensors
  readonly folder: string
}

type Factors = { readonly a: Tensor; readonly b: Tensor }

/** The pairs of an adapter file by module, and the parameters it holds whole by name. */
const sorted = ({
  config,
  weights,
  folder,
}: Parts): E.Either<EdgeError, { readonly pairs: ReadonlyMap<string, Factors>; readonly whole: Tensors }> => {
  const file = join(folder, adapterWeightsName)
  const [a, b, whole] = [new Map<string, Tensor>(), new Map<string, Tensor>(), new Map<string, Tensor>()]
  for (const [key, tensor] of weights) {
    const meaning = adapterKeyOf(key)
    const saved = (name: string): boolean => (config.modules_to_save ?? []).some((pattern) => within(pattern, name))
    if (meaning === null || (meaning.kind === 'whole' && !saved(meaning.name))) {
      const reason = 'it must be lora_A.weight or lora_B.weight of a linear layer, or belong to modules_to_save'
      return E.left(badContainer(file, reason, printAval(tensor.aval), key))
    }
    if (meaning.kind === 'whole') whole.set(meaning.name, tensor)
    else (meaning.factor === 'a' ? a : b).set(meaning.module, tensor)
  }
  const missing = [
    ...[...a.keys()].filter((module) => !b.has(module)).map((module) => `${module}.lora_B.weight`),
    ...[...b.keys()].filter((module) => !a.has(module)).map((module) => `${module}.lora_A.weight`),
  ]
  if (missing.length > 0) return E.left(missingTensor(missing, file))
  const pairs = [...a].flatMap(([module, first]): readonly (readonly [string, Factors])[] => {
    const second = b.get(module)
    return second === undefined ? [] : [[module, { a: first, b: second }]]
  })
  return E.right({ pairs: new Map(pairs), whole })
}

const shapeFault = (name: string, expected: readonly number[], tensor: Tensor, file: string): EdgeError | null =>
  sameShape(expected, tensor.shape) && tensor.dtype === 'f32'
    ? null
    : wrongShape(name, `f32[${expected.join(',')}]`, printAval(tensor.aval), file)

/** Modules that the configuration names as targets and the file has nothing for. */
const forgotten = ({ config, weights }: Parts, modules: readonly string[]): readonly string[] => {
  const targets = config.target_modules
  const plain = config.layers_to_transform ?? config.exclude_modules ?? null
  if (typeof targets === 'string' || targets === null || targets === undefined || plain !== null) return []
  const has = (module: string): boolean => weights.has(`base_model.model.${module}.lora_A.weight`)
  return modules
    .filter((module) => targets.some((target) => means(target, module)) && !has(module))
    .map((module) => `${module}.lora_A.weight`)
}

const adapterOn = (base: Tensor, { a, b }: Factors, module: string, parts: Parts): E.Either<EdgeError, Weight> => {
  const { config, residual, folder } = parts
  const file = join(folder, adapterWeightsName)
  const { rank, scale } = scaleOf(config, module)
  const [out = 0, inner = 0] = base.shape
  const fault =
    shapeFault(`${module}.weight`, [out, inner], base, file) ??
    shapeFault(`${module}.lora_A.weight`, [rank, inner], a, file) ??
    shapeFault(`${module}.lora_B.weight`, [out, rank], b, file)
  if (fault !== null) return E.left(fault)
  const own = residual.get(`${module}.weight`)
  if (own !== undefined) {
    const wrong = shapeFault(`${module}.weight`, [out, inner], own, join(folder, residualName))
    return wrong === null ? E.right({ base: own, a, b, scale: scalar(scale) }) : E.left(wrong)
  }
  if (config.init_lora_weights !== 'pissa') return E.right({ base, a, b, scale: scalar(scale) })
  // A and B belong on the residual W - c B0 A0, and A0, B0 follow from W
  return attempt(() => ({ ...pissa({ rank, alpha: scale * rank })(base, 0), a, b }))
}

const assemble =
  <T>(params: T, nameOf: NameOf) =>
  (parts: Parts): E.Either<EdgeError, LoadedAdapter<T>> => {
    const file = join(parts.folder, adapterWeightsName)
    const contents = sorted(parts)
    if (E.isLeft(contents)) return contents
    const { pairs, whole } = contents.right
    const places = new Map([...nodesOf(params)].map(([path, node]) => [nameOf(path), { path, node }]))
    const matrices = [...places].flatMap(([name, { node }]) =>
      name.endsWith('weight') && node instanceof Tensor && node.rank === 2 ? [moduleOf(name)] : [],
    )
    const lost = forgotten(parts, matrices)
    if (lost.length > 0) return E.left(missingTensor(lost, file))
    const changed = new Map<Path, Weight>()
    for (const [module, pair] of pairs) {
      const place = places.get(`${module}.weight`)
      if (!(place?.node instanceof Tensor))
        return E.left(notThere(`${module}.weight`, place !== undefined, matrices, file))
      const adapter = adapterOn(place.node, pair, module, parts)
      if (E.isLeft(adapter)) return adapter
      changed.set(place.path, adapter.right)
    }
    const replaced: Path[] = []
    for (const [name, tensor] of whole) {
      const place = places.get(name)
      if (!(place?.node instanceof Tensor)) return E.left(notThere(name, place !== undefined, [...places.keys()], file))
      const fault = shapeFault(name, place.node.shape, tensor, file)
      if (fault !== null) return E.left(fault)
      changed.set(place.path, tensor)
      replaced.push(place.path)
    }
    return E.right({
      // border: the tree keeps its structure, but for weights with an adapter in place of weights
      params: mapNodes(params, (path, node) => changed.get(path) ?? node) as T,
      paths: [...changed.keys()].filter((path) => !replaced.includes(path)).sort(),
      replaced: replaced.sort(),
      config: parts.config,
    })
  }

const notThere = (name: string, adapted: boolean, known: readonly string[], file: string): EdgeError => {
  if (adapted) return badContainer(file, 'its weight must have no adapter yet', 'a weight with an adapter', name)
  const near = nearest(moduleOf(name), known)
  const hint = near === undefined ? 'no such parameter' : `no such parameter (the nearest is ${near})`
  return badContainer(file, 'the base model must have the parameter it adapts', hint, name)
}

/**
 * Reads an adapter in PEFT's layout (adapter_config.json, adapter_model.safetensors) and puts it on a base model.
 *
 * A folder with residual.safetensors has weights of its own under the adapter (PiSSA): they take the place of the base's.
 * An adapter declared as PiSSA without it gets W - c B0 A0 under it, from the base's own W, as PEFT does.
 *
 * @param folder as `save_pretrained` or `saveAdapter` wrote it
 * @param params the base model's parameters, on the host; not changed
 * @returns BadConfig by name for what is not supported (DoRA, biases, ...); BadContainer, MissingTensor, WrongShape where
 *   the file does not fit the model
 * @example loadAdapter('adapters/mine', model.params)
 */
export const loadAdapter = <T>(
  folder: string,
  params: T,
  { nameOf = dottedName }: LoadAdapterOptions = {},
): TE.TaskEither<EdgeError, LoadedAdapter<T>> => {
  const configFile = join(folder, adapterConfigName)
  return pipe(
    readJson(configFile, LoraConfig),
    TE.mapLeft((error): EdgeError => error),
    TE.flatMapEither((config): E.Either<EdgeError, LoraConfig> => checkSupported(config, configFile)),
    TE.bindTo('config'),
    TE.bind('adapter', () => readAdapter(folder)),
    TE.bind('residual', ({ adapter }) => readResidual(folder, adapter.under)),
    TE.flatMapEither(({ config, adapter, residual }) =>
      assemble(params, nameOf)({ config, weights: adapter.weights, residual, folder }),
    ),
  )
}
