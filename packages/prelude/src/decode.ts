import { type BadInput, badInput, type FieldFault } from './errors.js'
import { escapeForTerminal } from './escapeForTerminal.js'
import { E, t } from './fp.js'

/** Where a value came from, for the message. */
export interface DecodeOptions {
  readonly file?: string
}

/**
 * Decodes a value at an edge. The error has one entry per field, never one per branch of a union.
 *
 * @param codec what the value must be; its name is printed after "expected"
 * @param value anything
 * @returns Right of the decoded value, or Left of BadInput
 * @example
 * pipe(decode(t.type({ rank: positiveInteger }), { rank: 0 }), E.mapLeft(({ faults }) => faults))
 * // => E.left([{ path: 'rank', expected: 'a whole number above 0', received: '0' }])
 */
export const decode = <A>(
  codec: t.Decoder<unknown, A>,
  value: unknown,
  options: DecodeOptions = {},
): E.Either<BadInput, A> =>
  E.mapLeft((errors: t.Errors) => badInput(faultsOf(errors), options.file))(codec.decode(value))

/**
 * A value of any kind in a few words, safe to print.
 *
 * @example shown([1, 2, 3]) // => 'a list of 3'
 */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return escapeForTerminal(JSON.stringify(value.slice(0, 200)), 60)
  if (typeof value === 'bigint') return escapeForTerminal(`${value}n`, 60)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (value === null || typeof value !== 'object') return Object.is(value, -0) ? '-0' : String(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  return recordShown(Object.keys(value))
}

const recordShown = (keys: readonly string[]): string => {
  if (keys.length === 0) return 'an empty record'
  const listed = keys.slice(0, 5).map((key) => escapeForTerminal(key, 30))
  return `a record with ${listed.join(', ')}${keys.length > 5 ? ', …' : ''}`
}

// An error on its way down: the steps from the value to the fault, as io-ts recorded them.
interface Step {
  readonly type: t.Decoder<unknown, unknown>
  readonly key: string
  readonly actual: unknown
}
interface Trail {
  readonly steps: readonly Step[]
  readonly value: unknown
  readonly message: string | undefined
}

/**
 * One entry per field, in the order of the fields.
 *
 * Errors are walked from the value inwards. A step into an intersection is no part of the path. At a union, the branch
 * that was meant is looked for: the only one that failed deeper inside the value (a record with a wrong field, among
 * branches that are no records at all; a record with the right tag, among records with other tags). Without such a
 * branch the union is one fault.
 */
export const faultsOf = (errors: t.Errors): readonly FieldFault[] => merged(walk(trailsOf(errors), ''))

const trailsOf = (errors: t.Errors): readonly Trail[] =>
  errors.map(({ context, value, message }) => ({
    steps: context.map(({ type, key, actual }) => ({ type, key, actual })),
    value,
    message,
  }))

interface RawFault {
  readonly path: string
  readonly expected: string
  readonly value: unknown
  /** Whether one fixed value was expected: in a union of records, what tells the branches apart. */
  readonly literal: boolean
}

const walk = (trails: readonly Trail[], path: string): readonly RawFault[] => {
  const first = trails[0]?.steps[0]
  if (first === undefined) return []
  const type = unwrapped(first.type)
  if (type instanceof t.UnionType) return walkUnion(trails, path, first)
  return groupedBy(trails, (trail) => trail.steps[1]?.key).flatMap(([key, group]) =>
    key === undefined
      ? group.map(({ message, value }) => ({
          path,
          expected: message ?? described(first.type),
          value,
          literal: type instanceof t.LiteralType,
        }))
      : walk(group.map(inner), type instanceof t.IntersectionType ? path : `${path}${segment(first.actual, key)}`),
  )
}

const walkUnion = (trails: readonly Trail[], path: string, union: Step): readonly RawFault[] => {
  const branches = groupedBy(
    trails.flatMap((trail) => (trail.steps.length > 1 ? [trail] : branchTrails(union))),
    (trail) => trail.steps[1]?.key,
  )
    .map(([, group]) => group)
    .filter((group) => group.every((trail) => depth(trail) > 0))
    .map((group) => walk(group.map(inner), path))
  const [meant, ...others] = branches.filter((faults) => !faults.some((fault) => fault.literal))
  if (meant !== undefined && others.length === 0) return meant
  const tags = meant === undefined ? branches.flatMap((faults) => faults.filter((fault) => fault.literal)) : []
  const tag = tags[0]
  if (tag !== undefined && tags.every((fault) => fault.path === tag.path))
    return [{ ...tag, expected: distinct(tags.map((fault) => fault.expected)).join(' or ') }]
  return [{ path, expected: described(union.type), value: union.actual, literal: false }]
}

/** The faults of each branch, for a union that io-ts refused by its tag without looking into the branches. */
const branchTrails = (union: Step): readonly Trail[] => {
  const type: unknown = unwrapped(union.type)
  if (!(type instanceof t.UnionType)) return []
  return type.types.flatMap((branch: t.Decoder<unknown, unknown>, i: number) => {
    const result = branch.validate(union.actual, [union, { key: String(i), type: branch, actual: union.actual }])
    return E.isLeft(result) ? trailsOf(result.left) : []
  })
}

/** How many steps below the union's branch the fault lies, steps into intersections and unions aside. */
const depth = ({ steps }: Trail): number =>
  steps.slice(1, -1).filter((step) => !isTransparent(unwrapped(step.type))).length

const isTransparent = (type: t.Decoder<unknown, unknown>): boolean =>
  type instanceof t.UnionType || type instanceof t.IntersectionType

const inner = (trail: Trail): Trail => ({ ...trail, steps: trail.steps.slice(1) })

const groupedBy = <A, K>(items: readonly A[], keyOf: (item: A) => K): readonly (readonly [K, readonly A[]])[] => {
  const groups = new Map<K, A[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups]
}

const identifier = /^[A-Za-z_$][\w$-]*$/

const segment = (container: unknown, key: string): string => {
  if (Array.isArray(container)) return `[${key}]`
  return identifier.test(key) && key.length <= 80 ? `.${key}` : `["${escapeForTerminal(key, 60)}"]`
}

/** Faults at one path become one line; the ways to say what was expected are joined. */
const merged = (faults: readonly RawFault[]): readonly FieldFault[] =>
  groupedBy(faults, (fault) => fault.path).map(([path, group]) => ({
    path: path.startsWith('.') ? path.slice(1) : path,
    expected: escapeForTerminal([...new Set(group.map((fault) => fault.expected))].join(' and '), 300),
    received: shown(group[0]?.value),
  }))

// The codec inside wrappers that add no step to the context.
const unwrapped = (type: t.Decoder<unknown, unknown>): t.Decoder<unknown, unknown> => {
  const named: unknown = type
  if (named instanceof t.RefinementType || named instanceof t.ReadonlyType || named instanceof t.ExactType)
    return unwrapped(named.type)
  if (named instanceof t.RecursiveType) return unwrapped(named.runDefinition())
  return type
}

/** What a codec accepts, as a noun phrase; a codec with a name of its own is called by that. */
const described = (decoder: t.Decoder<unknown, unknown>): string => {
  const codec: unknown = decoder
  if (codec instanceof t.StringType) return 'a text'
  if (codec instanceof t.NumberType) return 'a number'
  if (codec instanceof t.BooleanType) return 'true or false'
  if (codec instanceof t.NullType) return 'null'
  if (codec instanceof t.UndefinedType || codec instanceof t.VoidType || codec instanceof t.NeverType) return 'nothing'
  if (codec instanceof t.LiteralType) return JSON.stringify(codec.value)
  if (codec instanceof t.KeyofType)
    return Object.keys(codec.keys)
      .map((key) => JSON.stringify(key))
      .join(' or ')
  if (codec instanceof t.UnionType) return distinct(codec.types.map(described)).join(' or ')
  if (codec instanceof t.TupleType) return `a list of ${codec.types.length}`
  if (codec instanceof t.ArrayType || codec instanceof t.ReadonlyArrayType) return 'a list'
  if (codec instanceof t.AnyArrayType) return 'a list'
  if (isRecordCodec(codec)) return 'a record'
  const inside = unwrapped(decoder)
  return inside !== decoder && builtInName.test(decoder.name) ? described(inside) : decoder.name
}

// Names that io-ts gives by itself look like types, not like phrases.
const builtInName = /[<>{}()|&]|^\w+$/

const isRecordCodec = (codec: unknown): boolean =>
  codec instanceof t.InterfaceType ||
  codec instanceof t.PartialType ||
  codec instanceof t.StrictType ||
  codec instanceof t.DictionaryType ||
  codec instanceof t.AnyDictionaryType ||
  codec instanceof t.ExactType ||
  (codec instanceof t.IntersectionType && codec.types.every((part: unknown) => isRecordCodec(part)))

const distinct = (words: readonly string[]): readonly string[] => [...new Set(words)]
