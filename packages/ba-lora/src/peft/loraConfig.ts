import {
  type BadConfig,
  badConfig,
  E,
  type FieldFault,
  finite,
  oneOf,
  open,
  positiveInteger,
  positiveNumber,
  probability,
  readonlyList,
  shown,
  t,
} from '@cotangent/prelude'

const names = readonlyList(t.string)
const orNull = <A>(codec: t.Type<A>): t.Type<A | null> => t.union([codec, t.null])

/** What is read of PEFT's adapter_config.json. Absent fields have PEFT's defaults. */
export const LoraConfig = open(
  { peft_type: oneOf('LORA'), r: positiveInteger, lora_alpha: positiveNumber },
  {
    base_model_name_or_path: orNull(t.string),
    task_type: orNull(t.string),
    target_modules: orNull(t.union([t.string, names])),
    modules_to_save: orNull(names),
    lora_dropout: probability,
    use_rslora: t.boolean,
    init_lora_weights: t.union([t.boolean, t.string]),
    rank_pattern: orNull(t.record(t.string, positiveInteger)),
    alpha_pattern: orNull(t.record(t.string, finite)),
    layers_to_transform: orNull(t.union([t.number, readonlyList(t.number)])),
    exclude_modules: orNull(t.union([t.string, names])),
  },
)
export type LoraConfig = t.TypeOf<typeof LoraConfig>

/** PEFT's file names. */
export const adapterConfigName = 'adapter_config.json'
/** The factors A and B, and modules that were trained whole. */
export const adapterWeightsName = 'adapter_model.safetensors'
/** The weights under the adapter, where A and B do not belong on the original ones (PiSSA). */
export const residualName = 'residual.safetensors'
/** In the header of adapter_model.safetensors: whether A and B belong on the `original` weights or on the `residual`. */
export const underName = 'under'

/** Fields that are read, or that do not change what an adapter computes once its weights are in a file. */
const harmless: ReadonlySet<string> = new Set([
  ...['peft_type', 'r', 'lora_alpha', 'base_model_name_or_path', 'task_type', 'target_modules', 'modules_to_save'],
  ...['lora_dropout', 'use_rslora', 'init_lora_weights', 'rank_pattern', 'alpha_pattern', 'layers_to_transform'],
  ...[
    'exclude_modules',
    'layers_pattern',
    'auto_mapping',
    'inference_mode',
    'peft_version',
    'revision',
    'runtime_config',
  ],
  // only used while weights are initialised, or by a method that is refused where it is on
  ...['eva_config', 'corda_config', 'loftq_config', 'lora_ga_config', 'megatron_core', 'qalora_group_size'],
  'ensure_weight_tying',
])

const isOff = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)

/** A pattern for a module's name that means itself; others would need PEFT's regular expressions. */
const plainName = /^[\w-]+(\\?\.[\w-]+)*$/

const patternFaults = (field: string, patterns: Readonly<Record<string, number>> | null | undefined): FieldFault[] =>
  Object.keys(patterns ?? {}).flatMap((pattern) =>
    plainName.test(pattern)
      ? []
      : [
          {
            path: field,
            expected: 'names of modules, or their ends',
            received: `the regular expression ${shown(pattern)}`,
          },
        ],
  )

/** Initialisations that leave the base weights as they are, and PiSSA's, which can be repeated. */
const knownInits: ReadonlySet<unknown> = new Set([undefined, true, false, 'gaussian', 'pissa'])

/**
 * Refuses what would change the numbers and is not supported, by name: DoRA, biases, transposed weights, initialisations
 * that change the base, and every field of a newer PEFT that is switched on.
 */
export const checkSupported = (config: LoraConfig, file: string): E.Either<BadConfig, LoraConfig> => {
  const faults: FieldFault[] = Object.entries(config).flatMap(([field, value]: [string, unknown]) => {
    if (field === 'bias') {
      return value === 'none' ? [] : [{ path: field, expected: '"none"', received: shown(value) }]
    }
    return harmless.has(field) || isOff(value)
      ? []
      : [{ path: field, expected: 'nothing: it is not supported', received: shown(value) }]
  })
  if (!knownInits.has(config.init_lora_weights)) {
    faults.push({
      path: 'init_lora_weights',
      expected: 'true, false, "gaussian" or "pissa"',
      received: shown(config.init_lora_weights),
    })
  }
  faults.push(
    ...patternFaults('rank_pattern', config.rank_pattern),
    ...patternFaults('alpha_pattern', config.alpha_pattern),
  )
  return faults.length === 0
    ? E.right(config)
    : E.left(badConfig(faults, 'convert the adapter to plain LoRA in PEFT, or merge it there', file))
}

/** Whether a name of the configuration means this module: its whole name, or its end behind a dot. */
export const means = (pattern: string, module: string): boolean => {
  const name = pattern.replaceAll('\\.', '.')
  return module === name || module.endsWith(`.${name}`)
}

/** Whether a parameter belongs to a module that the pattern means, or to one inside of it. */
export const within = (pattern: string, name: string): boolean => {
  const parts = name.split('.')
  return parts.some((_, i) => i > 0 && means(pattern, parts.slice(0, i).join('.')))
}

const fromPattern = (
  patterns: Readonly<Record<string, number>> | null | undefined,
  module: string,
): number | undefined => Object.entries(patterns ?? {}).find(([pattern]) => means(pattern, module))?.[1]

/** Rank and scale of a module's adapter: α / r, or α / √r with `use_rslora`. */
export const scaleOf = (config: LoraConfig, module: string): { readonly rank: number; readonly scale: number } => {
  const rank = fromPattern(config.rank_pattern, module) ?? config.r
  const alpha = fromPattern(config.alpha_pattern, module) ?? config.lora_alpha
  return { rank, scale: alpha / (config.use_rslora === true ? Math.sqrt(rank) : rank) }
}
