import {
  presets,
  type StudySettings,
  type StudySettingsFile,
  settingsFaults,
  studySettingsFile,
  withSettings,
} from '@cotangent/experiment'
import { readText } from '@cotangent/io'
import { badInput, badOption, decode, E, type EdgeError, pipe, TE } from '@cotangent/prelude'
import { parseDocument } from 'yaml'

/** The options that change settings; each is a shorthand for a field of the file. */
export interface SettingOptions {
  readonly quick?: boolean
  readonly full?: boolean
  readonly config?: string
  readonly seed?: string
  readonly seeds?: string
  readonly methods?: string
  readonly noise?: string
  readonly imbalance?: string
  readonly rank?: string
  readonly set?: readonly string[]
}

/** A record under construction: nested records by path, the last word winning. */
type Draft = { [key: string]: unknown }

const isRecord = (x: unknown): x is Draft => typeof x === 'object' && x !== null && !Array.isArray(x)

/** Sets `a.b.c` in a draft. Keys are own properties of records without a prototype. */
const setAt = (draft: Draft, path: readonly string[], value: unknown): void => {
  const [key = '', ...rest] = path
  if (rest.length === 0) {
    draft[key] = value
    return
  }
  const inner = Object.hasOwn(draft, key) ? draft[key] : undefined
  const next: Draft = isRecord(inner) ? inner : Object.create(null)
  draft[key] = next
  setAt(next, rest, value)
}

const mergeInto = (draft: Draft, more: Draft): void => {
  for (const [key, value] of Object.entries(more)) {
    const before = Object.hasOwn(draft, key) ? draft[key] : undefined
    if (isRecord(before) && isRecord(value)) mergeInto(before, value)
    else draft[key] = value
  }
}

/** YAML (JSON is YAML too); one document, no tags, no more than a hundred aliases. */
const parseYaml = (text: string, file: string): E.Either<EdgeError, unknown> => {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true })
  const [fault] = document.errors
  if (fault !== undefined) {
    const at = fault.linePos?.[0]
    const place = at === undefined ? '' : `line ${at.line}, column ${at.col}: `
    return E.left(badInput([{ path: '', expected: 'YAML', received: `${place}${fault.code}` }], file))
  }
  try {
    return E.right(document.toJS({ maxAliasCount: 100 }))
  } catch {
    return E.left(badInput([{ path: '', expected: 'YAML with at most a hundred aliases', received: 'more' }], file))
  }
}

const readFile = (file: string | undefined): TE.TaskEither<EdgeError, Draft> =>
  file === undefined
    ? TE.right({})
    : pipe(
        readText(file),
        TE.flatMapEither((text) => parseYaml(text, file)),
        TE.flatMapEither((value) =>
          isRecord(value) || value === null
            ? E.right(value ?? {})
            : E.left(badInput([{ path: '', expected: 'a record of settings', received: typeof value }], file)),
        ),
        // decoded once by itself, so that a fault names the file
        TE.flatMapEither((value) =>
          pipe(
            decode(studySettingsFile, value, { file }),
            E.map(() => value),
          ),
        ),
      )

/** `--set a.b=c`: the value is read as YAML, so numbers, booleans and lists are what they look like. */
const applySet = (draft: Draft, text: string): E.Either<EdgeError, void> => {
  const at = text.indexOf('=')
  const path = text.slice(0, at).split('.')
  if (at < 1 || path.some((key) => key === '' || key === '__proto__')) {
    return E.left(
      badOption('--set', {
        must: '--set must be PATH=VALUE, as in fineTuning.epochs=4.',
        received: text,
        todo: 'see the settings in results.json for the paths',
      }),
    )
  }
  return pipe(
    parseYaml(text.slice(at + 1), '--set'),
    E.map((value) => setAt(draft, path, value)),
  )
}

/** A number as typed; what is no number stays a text, which the decoder refuses by name. */
const typed = (text: string): unknown => (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text)

const shorthands: readonly (readonly [keyof SettingOptions, readonly string[]])[] = [
  ['seed', ['seed']],
  ['seeds', ['seeds']],
  ['noise', ['pretraining', 'noise']],
  ['imbalance', ['pretraining', 'imbalance']],
  ['rank', ['rank']],
]

/**
 * The settings that options and file ask for: the preset, then the file, then single options, then `--set`.
 *
 * @returns Left with every fault in one message
 */
export const readSettings = (options: SettingOptions): TE.TaskEither<EdgeError, StudySettings> => {
  const { quick, full, config } = options
  if (quick === true && full === true) {
    return TE.left(
      badOption('--full', {
        must: '--quick and --full exclude each other.',
        received: 'both',
        todo: 'keep one of them',
      }),
    )
  }
  const base = presets[full === true ? 'full' : quick === true ? 'quick' : 'default']
  return pipe(
    readFile(config),
    TE.flatMapEither((fromFile): E.Either<EdgeError, StudySettingsFile> => {
      const draft: Draft = Object.create(null)
      mergeInto(draft, structuredClone(fromFile))
      for (const [option, path] of shorthands) {
        const text = options[option]
        if (typeof text === 'string') setAt(draft, path, typed(text))
      }
      if (options.methods !== undefined)
        setAt(
          draft,
          ['methods'],
          options.methods.split(',').map((name) => name.trim()),
        )
      for (const text of options.set ?? []) {
        const done = applySet(draft, text)
        if (E.isLeft(done)) return done
      }
      return decode(studySettingsFile, draft)
    }),
    TE.map((change) => withSettings(base, change)),
    TE.flatMapEither((settings) => {
      const faults = settingsFaults(settings)
      return faults.length === 0 ? E.right(settings) : E.left(badInput(faults, config))
    }),
  )
}
