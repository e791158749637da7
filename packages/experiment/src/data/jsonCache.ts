import { readJson, writeFileAtomic } from '@cotangent/io'
import { E, pipe, TE, type t, type WriteFailed } from '@cotangent/prelude'

/** What became of a cache. A cache that cannot be written costs the next run some seconds and is no error. */
export type CacheUse =
  | { readonly _tag: 'Off' }
  | { readonly _tag: 'Read'; readonly file: string }
  | { readonly _tag: 'Written'; readonly file: string }
  | { readonly _tag: 'NotWritten'; readonly error: WriteFailed }

/** A value, and what became of its cache. */
export interface Cached<A> {
  readonly value: A
  readonly use: CacheUse
}

const store = async (file: string, content: unknown): Promise<CacheUse> => {
  const written = await writeFileAtomic(file, JSON.stringify(content))()
  return E.isLeft(written) ? { _tag: 'NotWritten', error: written.left } : { _tag: 'Written', file }
}

/**
 * A value from a JSON file, or made and written there, whole or not at all. A file that is missing or does not decode
 * is made anew; so a change of what is kept needs another file name or a codec that refuses the old.
 *
 * @param file in an existing folder; undefined keeps nothing
 * @param codec of what is in the file
 * @param make how the value is made where the file does not give it
 */
export const jsonCache = <Failure, A>(
  file: string | undefined,
  codec: t.Type<A, unknown>,
  make: TE.TaskEither<Failure, A>,
): TE.TaskEither<Failure, Cached<A>> => {
  if (file === undefined)
    return pipe(
      make,
      TE.map((value): Cached<A> => ({ value, use: { _tag: 'Off' } })),
    )
  const anew = pipe(
    make,
    TE.flatMap((value) =>
      TE.fromTask(async (): Promise<Cached<A>> => ({ value, use: await store(file, codec.encode(value)) })),
    ),
  )
  return pipe(
    readJson(file, codec),
    TE.map((value): Cached<A> => ({ value, use: { _tag: 'Read', file } })),
    TE.orElse(() => anew),
  )
}
