import { describe, expect, it } from 'vitest'
import { closed, finite, oneOf, open, positiveInteger, probability, readonlyList, withDefault } from './codecs.js'
import { decode, shown } from './decode.js'
import { E, t } from './fp.js'

const layer = closed({ query: probability }, { name: t.string })
const config = closed(
  { hidden_size: positiveInteger, activation: oneOf('relu', 'gelu') },
  { layers: readonlyList(layer), dropout: withDefault(probability, 0) },
)

const messageOf = (codec: t.Decoder<unknown, unknown>, value: unknown, file?: string): string =>
  E.match(
    (error: { readonly message: string }) => error.message,
    () => 'decoded',
  )(decode(codec, value, file === undefined ? {} : { file }))

describe('the report of a decoder', () => {
  it('has one line per field, with the path into the value', () => {
    const value = { hidden_size: '64', activation: 'gelu', layers: [{ query: 0.5 }, { query: 2 }] }
    expect(messageOf(config, value, 'config.json')).toMatchInlineSnapshot(`
      "config.json: 2 values are not as they must be.
        received  hidden_size: expected a whole number above 0, received "64"
                  layers[1].query: expected a number from 0 to 1, received 2
        to do     correct what is listed in config.json"
    `)
  })

  it('names the nearest known field and word', () => {
    expect(messageOf(config, { hiden_size: 64, activation: 'rellu' })).toMatchInlineSnapshot(`
      "3 values are not as they must be.
        received  hiden_size: expected no such field (did you mean "hidden_size"?), received 64
                  hidden_size: expected a whole number above 0, received nothing
                  activation: expected "relu" or "gelu" (did you mean "relu"?), received "rellu"
        to do     correct what is listed"
    `)
  })

  it('lists the known fields where none is near', () => {
    expect(messageOf(closed({ rank: finite }), { rank: 1, colour: 2 })).toMatchInlineSnapshot(`
      "a value is not as it must be.
        received  colour: expected no such field (known: rank), received 2
        to do     correct what is listed"
    `)
  })

  it('is one line for a union, whatever its branches', () => {
    const codec = t.type({ a: t.union([t.number, t.string, t.null]) })
    expect(messageOf(codec, { a: true })).toMatchInlineSnapshot(`
      "a value is not as it must be.
        received  a: expected a number or a text or null, received true
        to do     correct what is listed"
    `)
  })

  it('goes into the branch of a union that was meant', () => {
    const codec = t.union([t.number, open({ rank: positiveInteger })])
    expect(messageOf(codec, { rank: 0 })).toMatchInlineSnapshot(`
      "a value is not as it must be.
        received  rank: expected a whole number above 0, received 0
        to do     correct what is listed"
    `)
  })

  it('follows the tag of a tagged union, and says which tags there are', () => {
    const own = t.union([closed({ kind: t.literal('a'), x: finite }), closed({ kind: t.literal('b'), y: finite })])
    const theirs = t.union([t.type({ kind: t.literal('a'), x: finite }), t.type({ kind: t.literal('b'), y: finite })])
    for (const codec of [own, theirs]) {
      expect(messageOf(codec, { kind: 'b', y: 'no' })).toContain(
        'received  y: expected a finite number, received "no"\n',
      )
      expect(messageOf(codec, { kind: 'c', y: 1 })).toContain('received  kind: expected "a" or "b", received "c"\n')
      expect(messageOf(codec, 5)).toContain('received  expected a record, received 5\n')
    }
  })

  it('says once what is wrong with the value itself', () => {
    expect(messageOf(config, [1, 2])).toMatchInlineSnapshot(`
      "a value is not as it must be.
        received  expected a record, received a list of 2
        to do     correct what is listed"
    `)
  })

  it('keeps its length when everything is wrong', () => {
    const lines = messageOf(readonlyList(t.number), Array(5000).fill('x')).split('\n')
    expect(lines.length).toBeLessThan(30)
    expect(lines).toContain('            and 4980 more')
  })

  it('never lets a control character through', () => {
    const hostile = '\u001b]0;title\u0007\u009b31m\r<script>'
    const value = { [hostile]: hostile, hidden_size: hostile, activation: hostile }
    const message = messageOf(config, value, hostile)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
    expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  it('shortens what it quotes', () => {
    expect(messageOf(t.number, 'x'.repeat(1_000_000)).length).toBeLessThan(250)
  })
})

describe('decoding', () => {
  it('fills in what was left out', () => {
    expect(decode(config, { hidden_size: 8, activation: 'relu' })).toEqual(
      E.right({ hidden_size: 8, activation: 'relu', dropout: 0 }),
    )
    expect(decode(closed({ rate: withDefault(finite, 0.1) }), {})).toEqual(E.right({ rate: 0.1 }))
  })

  it.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['1', '"1"'],
    [undefined, 'nothing'],
  ])('refuses %s as a finite number', (value, text) => {
    expect(messageOf(finite, value)).toContain(`expected a finite number, received ${text}`)
  })

  it('refuses whole numbers that a double rounds', () => {
    expect(positiveInteger.is(2 ** 53)).toBe(false)
    expect(positiveInteger.is(2 ** 53 - 1)).toBe(true)
    expect(positiveInteger.is(1.5)).toBe(false)
    expect(probability.is(1)).toBe(true)
    expect(probability.is(1.0000001)).toBe(false)
  })

  it('keeps prototypes out of records', () => {
    const polluted: unknown = JSON.parse(
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
    )
    expect(E.isLeft(decode(closed({}), polluted))).toBe(true)
    const decoded = decode(open({}, { a: t.number }), polluted)
    expect(E.isRight(decoded)).toBe(true)
    expect(Reflect.get({}, 'polluted')).toBe(undefined)
  })
})

describe('shown', () => {
  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [-0, '-0'],
    [2n, '2n'],
    [[], 'an empty list'],
    [{}, 'an empty record'],
    [{ a: 1, b: 2 }, 'a record with a, b'],
    [new Uint8Array(3), '3 bytes'],
    ['a"\n', '"a\\"\\n"'],
  ])('%s', (value, text) => {
    expect(shown(value)).toBe(text)
  })
})
