import type { ParsedMail } from './parseMail.js'

/**
 * Where a ham mail came from. Lists of one project are one source: ilug, ilug-social and webdev of linux.ie; talk,
 * devel and commits of SpamAssassin; users and workers of exmh.
 */
export const sources = [
  'fork',
  'feeds',
  'ilug',
  'rpm',
  'spamassassin',
  'razor',
  'exmh',
  'spambayes',
  'zzzzteana',
] as const
/** One of `sources`. */
export type Source = (typeof sources)[number]

// Matched against an id or address in lower case: "ilug.linux.ie" as well as "ilug@linux.ie".
const patterns: readonly (readonly [Source, RegExp])[] = [
  ['fork', /^fork[.@]/],
  ['ilug', /^(?:ilug|social|webdev)[.@]linux\.ie$/],
  ['rpm', /^rpm-(?:zzz)?list[.@]/],
  ['spamassassin', /^spamassassin-[a-z]+[.@]/],
  ['razor', /^razor-users[.@]/],
  ['exmh', /^exmh-(?:users|workers)[.@]/],
  ['spambayes', /^spambayes[.@]/],
  ['zzzzteana', /^(?:zzzzteana|forteana)@/],
]

const sourceOfAddress = (address: string): Source | undefined =>
  patterns.find(([, pattern]) => pattern.test(address.toLowerCase()))?.[0]

/** The id inside the angle brackets of a List-Id, or all of it. */
const listId = (value: string): string => (/<([^<>]*)>\s*$/.exec(value)?.[1] ?? value).trim()

const addressesIn = (value: string): readonly string[] => value.match(/[\w.+=-]+@[\w.-]+/g) ?? []

// Where a list's address stands, the surest sign first.
const addressHeaders = ['mailing-list', 'x-mailing-list', 'list-post', 'delivered-to', 'to', 'cc']

/**
 * The source of a ham mail, read from its headers; undefined where it came from none of `sources`.
 *
 * 1. A `List-Id` decides, also against all sources.
 * 2. The feeds' gateway is known by its sender, `rssfeeds@`.
 * 3. Without List-Id: the first list address in Mailing-List, X-Mailing-List, List-Post, Delivered-To, To, Cc.
 * 4. spambayes kept none of those headers and is known by the tag `[Spambayes]` in the subject.
 */
export const sourceOf = ({ headers, subject }: Pick<ParsedMail, 'headers' | 'subject'>): Source | undefined => {
  const valuesOf = (name: string): readonly string[] => headers.flatMap(([key, value]) => (key === name ? [value] : []))
  const id = valuesOf('list-id')[0]
  if (id !== undefined) return sourceOfAddress(listId(id))
  if (['from', 'return-path'].some((name) => valuesOf(name).some((value) => /\brssfeeds@/i.test(value)))) return 'feeds'
  for (const value of addressHeaders.flatMap(valuesOf))
    for (const address of addressesIn(value)) {
      const source = sourceOfAddress(address)
      if (source !== undefined) return source
    }
  return /\[spambayes\]/i.test(subject) ? 'spambayes' : undefined
}
