import {
  type BaLoraSettings,
  type NluInput,
  type Objective,
  regularisers,
  type Term,
  taskObjective,
  weighted,
} from '@cotangent/ba-lora'
import { type BadOption, badOption, E, suggestion } from '@cotangent/prelude'
import type { StudySettings } from './settings.js'

/** Which parameters a method trains, and how it starts them; the head is trained by all of them. */
export type AdapterKind = 'full' | 'lora' | 'pissa'

/** A way of fine-tuning that the study compares. */
export interface StudyMethod {
  /** As in options and files. */
  readonly name: string
  /** As in text. */
  readonly label: string
  /** One sentence. */
  readonly description: string
  readonly adapter: AdapterKind
  /** What is minimised; `lambda` is the factor on its regularisers that tuning tries. */
  readonly objective: (lambda: number) => Objective<NluInput>
  /** Whether tuning tries factors too, jointly with the learning rate. */
  readonly regularised: boolean
}

/** The weights of the public classification run (SST-2), with k for more than two classes. */
export const baLoraSettings = ({ fineTuning: { k } }: StudySettings): BaLoraSettings => ({
  lambda1: 0.1,
  lambda2: 0.01,
  lambda3: 0.01,
  k,
})

const taskOnly = (): Objective<NluInput> => taskObjective

/** The study's own methods, by name. */
export const knownMethods = (settings: StudySettings): ReadonlyMap<string, StudyMethod> => {
  const methods: readonly StudyMethod[] = [
    {
      name: 'full',
      label: 'Full fine-tuning',
      description: 'All parameters are trained.',
      adapter: 'full',
      objective: taskOnly,
      regularised: false,
    },
    {
      name: 'lora',
      label: 'LoRA',
      description: 'Low-rank adapters on query and value, B = 0 at the start.',
      adapter: 'lora',
      objective: taskOnly,
      regularised: false,
    },
    {
      name: 'pissa',
      label: 'PiSSA',
      description: 'Low-rank adapters that start from the principal singular directions.',
      adapter: 'pissa',
      objective: taskOnly,
      regularised: false,
    },
    {
      name: 'ba-lora',
      label: 'BA-LoRA',
      description: 'PiSSA with the consistency, diversity and SVD regularisers on the logits.',
      adapter: 'pissa',
      objective: (lambda) => [...taskObjective, ...weighted(lambda)(regularisers(baLoraSettings(settings)))],
      regularised: true,
    },
  ]
  return new Map(methods.map((method) => [method.name, method]))
}

/** The names of the study's own methods. */
export const methodNames: readonly string[] = ['full', 'lora', 'pissa', 'ba-lora']

/** Names of terms that belong to the task: tuning leaves their weight alone. */
const isTask = ({ name }: Term<NluInput>): boolean => name === 'task'

const isTerm = (x: unknown): x is Term<NluInput> =>
  typeof x === 'object' &&
  x !== null &&
  'name' in x &&
  typeof x.name === 'string' &&
  'weight' in x &&
  typeof x.weight === 'function' &&
  'loss' in x &&
  typeof x.loss === 'function'

const text = (module: object, key: string, otherwise: string): string => {
  const value: unknown = Reflect.get(module, key)
  return typeof value === 'string' && value !== '' ? value : otherwise
}

/**
 * A user's module as a method. Its default export is an objective (a list of terms, see `term` in ba-lora); it may also
 * export `name`, `label`, `description` and `adapter` ('full', 'lora' or 'pissa', which is the default).
 *
 * @param module what `import()` gave @param path where it came from, for messages and the default name
 * @returns Left of what is missing
 */
export const methodFromModule = (module: unknown, path: string): E.Either<BadOption, StudyMethod> => {
  const refuse = (must: string, received: string, todo: string): E.Either<BadOption, never> =>
    E.left(badOption('--objective', { must: `${path}: ${must}`, received, todo }))
  if (typeof module !== 'object' || module === null)
    return refuse('must be a module.', typeof module, 'export an objective')
  const objective: unknown = Reflect.get(module, 'default')
  if (!Array.isArray(objective) || objective.length === 0 || !objective.every(isTerm)) {
    return refuse(
      'the default export must be an objective: a list of terms { name, weight, loss }.',
      Array.isArray(objective) ? `a list of ${objective.length} with something else in it` : typeof objective,
      "export default [...taskObjective, ...term('mine', ({ student }) => ...)]",
    )
  }
  const terms: readonly Term<NluInput>[] = objective
  const names = terms.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    return refuse('the names of its terms must differ.', `"${twice}" twice`, 'rename one of them')
  const adapter = text(module, 'adapter', 'pissa')
  if (adapter !== 'full' && adapter !== 'lora' && adapter !== 'pissa') {
    return refuse(
      'adapter must be full, lora or pissa.',
      `"${adapter}"; ${suggestion(adapter, ['full', 'lora', 'pissa'])}`,
      'choose one of them',
    )
  }
  const file = path.split(/[\\/]/).at(-1) ?? path
  const name = text(module, 'name', file.replace(/\.[^.]*$/, ''))
  if (methodNames.includes(name)) return refuse('its name must be one of its own.', `"${name}"`, 'export another name')
  return E.right({
    name,
    label: text(module, 'label', name),
    description: text(module, 'description', `The objective of ${file}.`),
    adapter,
    objective: (lambda) => terms.flatMap((each) => (isTask(each) ? [each] : weighted(lambda)([each]))),
    regularised: !terms.every(isTask),
  })
}

/**
 * The methods that the settings name, then the user's own.
 *
 * @returns Left for an unknown name, with those that are known
 */
export const chosenMethods = (
  settings: StudySettings,
  own: readonly StudyMethod[],
): E.Either<BadOption, readonly StudyMethod[]> => {
  const known = knownMethods(settings)
  const unknown = settings.methods.find((name) => !known.has(name))
  if (unknown !== undefined) {
    return E.left(
      badOption('--methods', {
        must: 'every method must be one of those known.',
        received: `"${unknown}"; ${suggestion(unknown, methodNames)}`,
        todo: 'name known methods with commas between, or bring your own with --objective',
      }),
    )
  }
  const all = [...settings.methods.flatMap((name) => known.get(name) ?? []), ...own]
  const twice = all.find(({ name }, i) => all.findIndex((other) => other.name === name) !== i)
  return twice === undefined
    ? E.right(all)
    : E.left(
        badOption('--methods', {
          must: 'every method must be named once.',
          received: `"${twice.name}" twice`,
          todo: 'leave one of them out',
        }),
      )
}
