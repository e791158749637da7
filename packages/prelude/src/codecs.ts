import { E, t } from './fp.js'
import { nearest } from './nearest.js'

/**
 * A codec for a part of another codec's values. Its name is what the reporter prints after "expected".
 *
 * @param description a noun phrase: 'a whole number above 0'
 */
export const refined = <A>(base: t.Type<A>, holds: (value: A) => boolean, description: string): t.Type<A> =>
  new t.Type<A>(
    description,
    (u): u is A => base.is(u) && holds(u),
    (u, context) => {
      const decoded = base.validate(u, context)
      return E.isRight(decoded) && holds(decoded.right) ? decoded : t.failure(u, context)
    },
    t.identity,
  )

/** A number that is neither NaN nor infinite. */
export const finite = refined(t.number, Number.isFinite, 'a finite number')

/** A finite number above 0. */
export const positiveNumber = refined(finite, (x) => x > 0, 'a number above 0')

/** A finite number of at least 0. */
export const nonNegativeNumber = refined(finite, (x) => x >= 0, 'a number of at least 0')

/** A number in [0, 1]. */
export const probability = refined(finite, (x) => x >= 0 && x <= 1, 'a number from 0 to 1')

/** A whole number that a double holds exactly. */
export const integer = refined(t.number, Number.isSafeInteger, 'a whole number')

/** A whole number above 0. */
export const positiveInteger = refined(integer, (n) => n > 0, 'a whole number above 0')

/** A whole number of at least 0. */
export const nonNegativeInteger = refined(integer, (n) => n >= 0, 'a whole number of at least 0')

/** A text of at least one character. */
export const nonEmptyString = refined(t.string, (text) => text.length > 0, 'a text that is not empty')

/**
 * A finite number within bounds, both included.
 *
 * @example between(0, 10).is(11) // => false
 */
export const between = (low: number, high: number): t.Type<number> =>
  refined(finite, (x) => x >= low && x <= high, `a number from ${low} to ${high}`)

/**
 * A whole number within bounds, both included.
 *
 * @example integerBetween(1, 8).is(2.5) // => false
 */
export const integerBetween = (low: number, high: number): t.Type<number> =>
  refined(integer, (n) => n >= low && n <= high, `a whole number from ${low} to ${high}`)

/** Why an error reads otherwise than "expected <name of the codec>": io-ts hands this text to the reporter. */
const didYouMean = (word: unknown, known: readonly string[]): string => {
  const near = typeof word === 'string' ? nearest(word, known) : undefined
  return near === undefined ? '' : ` (did you mean "${near}"?)`
}

/**
 * One of a few words; the report lists them and names the nearest.
 *
 * @example oneOf('relu', 'gelu').is('gelu') // => true
 */
export const oneOf = <A extends string>(...words: readonly [A, ...A[]]): t.Type<A> => {
  const known: ReadonlySet<string> = new Set<string>(words)
  const is = (u: unknown): u is A => typeof u === 'string' && known.has(u)
  const name = words.map((word) => JSON.stringify(word)).join(' or ')
  return new t.Type<A>(
    name,
    is,
    (u, context) => (is(u) ? t.success(u) : t.failure(u, context, `${name}${didYouMean(u, words)}`)),
    t.identity,
  )
}

/** The context of a wrapped codec, so that the reporter sees the codec inside and not its wrapper. */
const throughTo = (context: t.Context, codec: t.Decoder<unknown, unknown>): t.Context =>
  context.map((entry, i) => (i === context.length - 1 ? { ...entry, type: codec } : entry))

/**
 * A field that may be left out: `undefined` decodes to `value`.
 *
 * @example withDefault(finite, 0.1).decode(undefined) // => { _tag: 'Right', right: 0.1 }
 */
export const withDefault = <A, O>(codec: t.Type<A, O>, value: A): t.Type<A, O> =>
  new t.Type<A, O>(
    codec.name,
    codec.is,
    (u, context) => (u === undefined ? t.success(value) : codec.validate(u, throughTo(context, codec))),
    codec.encode,
  )

/**
 * A list whose type is readonly.
 *
 * @example readonlyList(finite).is([1, 2]) // => true
 */
export const readonlyList = <A, O>(item: t.Type<A, O>): t.Type<readonly A[], readonly O[]> =>
  t.readonlyArray(item, `a list of ${item.name}`)

/** What a record of codecs decodes to. */
export type RecordOf<P extends t.Props, Q extends t.Props> = Readonly<t.TypeOfProps<P> & t.TypeOfPartialProps<Q>>
/** What a record of codecs encodes to. */
export type RecordOutputOf<P extends t.Props, Q extends t.Props> = Readonly<
  t.OutputOfProps<P> & t.OutputOfPartialProps<Q>
>

/**
 * A record with required and optional fields; fields it does not know are kept and not looked at.
 *
 * @example open({ rank: positiveInteger }, { alpha: finite }).is({ rank: 8, other: true }) // => true
 */
export const open = <P extends t.Props, Q extends t.Props = Record<never, t.Mixed>>(
  required: P,
  optional?: Q,
): t.Type<RecordOf<P, Q>, RecordOutputOf<P, Q>> =>
  t.readonly(
    t.intersection([t.type(required, 'a record'), t.partial(optional ?? noProps<Q>(), 'a record')]),
    'a record',
  )

/**
 * A record with required and optional fields and no others: an unknown field is refused, with the nearest known name.
 *
 * @example closed({ rank: positiveInteger }).is({ rank: 8, other: true }) // => false
 */
export const closed = <P extends t.Props, Q extends t.Props = Record<never, t.Mixed>>(
  required: P,
  optional?: Q,
): t.Type<RecordOf<P, Q>, RecordOutputOf<P, Q>> => {
  const inner = open<P, Q>(required, optional)
  const known = [...Object.keys(required), ...Object.keys(optional ?? {})]
  const names = new Set(known)
  const unknownKeys = (u: unknown): readonly string[] =>
    t.UnknownRecord.is(u) ? Object.keys(u).filter((key) => !names.has(key)) : []
  return new t.Type<RecordOf<P, Q>, RecordOutputOf<P, Q>>(
    'a record',
    (u): u is RecordOf<P, Q> => inner.is(u) && unknownKeys(u).length === 0,
    (u, context) => {
      const extra = unknownKeys(u).flatMap((key) => unknownKey(u, key, known, throughTo(context, inner)))
      const decoded = inner.validate(u, throughTo(context, inner))
      if (E.isLeft(decoded)) return t.failures([...extra, ...decoded.left])
      return extra.length === 0 ? decoded : t.failures(extra)
    },
    inner.encode,
  )
}

// Border: the default of the type parameter `Q` is the type of a record without fields, which this is.
const noProps = <Q extends t.Props>(): Q => ({}) as Q

const unknownKey = (u: unknown, key: string, known: readonly string[], context: t.Context): t.Errors => {
  const value = t.UnknownRecord.is(u) ? u[key] : undefined
  const near = didYouMean(key, known)
  const message = near === '' ? `no such field (known: ${known.join(', ')})` : `no such field${near}`
  // The step '0' is the first part of the intersection that the record is.
  const part = t.appendContext(context, '0', t.UnknownRecord, u)
  return [{ value, context: t.appendContext(part, key, t.never, value), message }]
}
