/**
 * The parts of fp-ts and io-ts that Cotangent uses, under the names their users know.
 *
 * The paths are spelt out because plain Node ESM cannot resolve `fp-ts/Either`: the package has no `exports` map.
 *
 * @example pipe(E.right(1), E.map((n) => n + 1)) // => { _tag: 'Right', right: 2 }
 */

export type { Kind, URIS, URItoKind } from 'fp-ts/HKT.js'
export type { Contravariant1 } from 'fp-ts/lib/Contravariant.js'
export * as E from 'fp-ts/lib/Either.js'
export { absurd, constant, flow, identity, pipe } from 'fp-ts/lib/function.js'
export type { Monoid } from 'fp-ts/lib/Monoid.js'
export { concatAll } from 'fp-ts/lib/Monoid.js'
export * as O from 'fp-ts/lib/Option.js'
export * as RA from 'fp-ts/lib/ReadonlyArray.js'
export * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
export * as RR from 'fp-ts/lib/ReadonlyRecord.js'
export type { Semigroup } from 'fp-ts/lib/Semigroup.js'
export * as T from 'fp-ts/lib/Task.js'
export * as TE from 'fp-ts/lib/TaskEither.js'
export * as t from 'io-ts/lib/index.js'
