import { readFileSync } from 'node:fs'
import { E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { parseTokenizerFile, printTokenizerFile, specialTokens } from './tokenizerFile.js'
import { trainBpe } from './trainBpe.js'

const fromPython = readFileSync(new URL('../../../../test/fixtures/tokenizer/tokenizer.json', import.meta.url), 'utf8')
const { trainOn } = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/tokenizer/expected.json', import.meta.url), 'utf8'),
) as { trainOn: string[] }
const vocabulary = trainBpe(trainOn, { vocabularySize: 600, specialTokens })

interface Loose {
  added_tokens: unknown[]
  normalizer: unknown
  post_processor: { single: unknown[] }
  model: { type: string; vocab: Record<string, number>; merges: unknown[] }
}

const messageFor = (change: (json: Loose) => void): string => {
  const json = JSON.parse(printTokenizerFile(vocabulary)) as Loose
  change(json)
  const parsed = parseTokenizerFile(JSON.stringify(json))
  return E.isLeft(parsed) ? parsed.left.message : 'accepted'
}

describe('tokenizer.json', () => {
  it('holds what Python writes for the same texts', () => {
    expect(JSON.parse(printTokenizerFile(vocabulary))).toEqual(JSON.parse(fromPython))
  })

  it('is read back as it was, from our bytes and from those of Python', () => {
    expect(parseTokenizerFile(printTokenizerFile(vocabulary))).toEqual(E.right(vocabulary))
    expect(parseTokenizerFile(new TextEncoder().encode(fromPython))).toEqual(E.right(vocabulary))
  })

  it.each<[string, (json: Loose) => void, RegExp]>([
    [
      'another kind of model',
      (json) => {
        json.model.type = 'WordPiece'
      },
      /model\.type: expected "BPE"/,
    ],
    [
      'a normaliser',
      (json) => {
        json.normalizer = { type: 'Lowercase' }
      },
      /normalizer: expected null/,
    ],
    [
      'two tokens with one id',
      (json) => {
        json.model.vocab.a = 400
      },
      /model\.vocab: expected each id from 0 to \d+ once/,
    ],
    [
      'an id out of range',
      (json) => {
        json.model.vocab.a = 2 ** 40
      },
      /each id from 0/,
    ],
    [
      'a fractional id',
      (json) => {
        json.model.vocab.a = 1.5
      },
      /model\.vocab\.a: expected a whole number/,
    ],
    [
      'a merge that makes no token',
      (json) => {
        json.model.merges.push(['a', '[CLS]'])
      },
      /model\.merges/,
    ],
    [
      'a merge of three',
      (json) => {
        json.model.merges.push(['a', 'b', 'c'])
      },
      /merges\[\d+\]/,
    ],
    [
      'a missing special token',
      (json) => {
        json.added_tokens.pop()
      },
      /\[MASK\] as a special token/,
    ],
    [
      'another template',
      (json) => {
        json.post_processor.single.pop()
      },
      /post_processor\.single/,
    ],
  ])('refuses %s', (_, change, message) => {
    expect(messageFor(change)).toMatch(message)
  })

  it('refuses a cut file by line', () => {
    const cut = parseTokenizerFile(fromPython.slice(0, 5000), 'tokenizer.json')
    expect(E.isLeft(cut) && cut.left.message).toMatch(/tokenizer\.json: .*\n.*line \d+/)
  })
})
