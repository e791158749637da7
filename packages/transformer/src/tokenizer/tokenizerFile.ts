import {
  type BadConfig,
  type BadInput,
  badConfig,
  decode,
  E,
  type FieldFault,
  nonNegativeInteger,
  open,
  parseJson,
  pipe,
  RA,
  readonlyList,
  t,
} from '@cotangent/prelude'
import { byteCharacters } from './byteLevel.js'
import type { BpeVocabulary } from './trainBpe.js'

const addedToken = open({ id: nonNegativeInteger, content: t.string, special: t.boolean })

const templatePiece = t.union([
  open({ SpecialToken: open({ id: t.string, type_id: nonNegativeInteger }) }),
  open({ Sequence: open({ id: t.literal('A'), type_id: nonNegativeInteger }) }),
])

type MergePair = readonly [string, string]

// Not t.tuple, which cuts a longer list in silence.
const isMergePair = (u: unknown): u is MergePair =>
  Array.isArray(u) && u.length === 2 && u.every((token) => typeof token === 'string')
const mergePair = new t.Type<MergePair>(
  'a pair of tokens',
  isMergePair,
  (u, context) => (isMergePair(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)

/**
 * The tokenizer.json that this package writes and reads: byte-level BPE over GPT-2's words, without normaliser, one
 * text between [CLS] and [SEP].
 */
export const tokenizerFileCodec = open({
  added_tokens: readonlyList(addedToken),
  normalizer: t.null,
  pre_tokenizer: open({
    type: t.literal('ByteLevel'),
    add_prefix_space: t.literal(false),
    use_regex: t.literal(true),
  }),
  post_processor: open({ type: t.literal('TemplateProcessing'), single: readonlyList(templatePiece) }),
  decoder: open({ type: t.literal('ByteLevel') }),
  model: open({
    type: t.literal('BPE'),
    vocab: t.record(t.string, nonNegativeInteger),
    merges: readonlyList(mergePair),
  }),
})

/** A tokenizer.json as it is written here. */
export type TokenizerFile = t.TypeOf<typeof tokenizerFileCodec>

/** The special tokens of the encoders here, by id from 0. */
export const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const
/** One of `specialTokens`. */
export type SpecialToken = (typeof specialTokens)[number]

const special = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } })
const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } })

/**
 * The text of a tokenizer.json for a trained vocabulary, as Hugging Face's libraries write and read it.
 *
 * The same vocabulary gives the same bytes.
 *
 * @param vocabulary its special tokens must be `specialTokens`
 */
export const printTokenizerFile = ({ tokens, specials, merges }: BpeVocabulary): string => {
  const idOf = (token: SpecialToken): number => specialTokens.indexOf(token)
  return `${JSON.stringify(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: tokens.slice(0, specials).map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: {
        type: 'TemplateProcessing',
        single: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)],
        pair: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0), sequence('B', 1), special('[SEP]', 1)],
        special_tokens: {
          '[CLS]': { id: '[CLS]', ids: [idOf('[CLS]')], tokens: ['[CLS]'] },
          '[SEP]': { id: '[SEP]', ids: [idOf('[SEP]')], tokens: ['[SEP]'] },
        },
      },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    undefined,
    2,
  )}\n`
}

/**
 * Decodes the text of a tokenizer.json and checks that its parts fit together.
 *
 * @param text the file's text or bytes
 * @param file its name, for the message
 * @returns the vocabulary; Left where the file is no JSON, another kind of tokeniser (named field by field), where ids
 *   have holes or are shared, a byte or special token is missing, or a merge makes no token
 */
export const parseTokenizerFile = (
  text: string | Uint8Array,
  file = 'tokenizer.json',
): E.Either<BadInput | BadConfig, BpeVocabulary> =>
  pipe(
    parseJson(text, file),
    E.flatMap((json) => decode(tokenizerFileCodec, json, { file })),
    E.flatMap((decoded) => vocabularyOf(decoded, file)),
  )

const refuse = (faults: readonly FieldFault[], file: string): E.Either<BadConfig, never> =>
  E.left(badConfig(faults, 'use a byte-level BPE tokenizer.json, such as the study writes', file))

const vocabularyOf = (decoded: TokenizerFile, file: string): E.Either<BadConfig, BpeVocabulary> => {
  const { vocab, merges } = decoded.model
  const entries = Object.entries(vocab)
  const tokens = new Array<string>(entries.length)
  for (const [token, id] of entries) if (id < entries.length) tokens[id] = token
  const known = new Set(entries.map(([token]) => token))
  const template = decoded.post_processor.single.map((piece) =>
    'SpecialToken' in piece ? piece.SpecialToken.id : piece.Sequence.id,
  )
  const faults: FieldFault[] = []
  const expect = (holds: boolean, path: string, expected: string, received: string): void => {
    if (!holds) faults.push({ path, expected, received })
  }
  expect(
    Object.keys(tokens).length === entries.length,
    'model.vocab',
    `each id from 0 to ${entries.length - 1} once`,
    'holes or shared ids',
  )
  specialTokens.forEach((token, id) => {
    expect(vocab[token] === id, `model.vocab["${token}"]`, `${id}`, `${vocab[token] ?? 'nothing'}`)
    expect(
      decoded.added_tokens.some((added) => added.content === token && added.id === id && added.special),
      'added_tokens',
      `${token} as a special token with id ${id}`,
      'none such',
    )
  })
  expect(
    decoded.added_tokens.length === specialTokens.length,
    'added_tokens',
    `${specialTokens.join(' ')} alone`,
    `${decoded.added_tokens.length} tokens`,
  )
  const lacking = byteCharacters.filter((character) => !known.has(character))
  expect(lacking.length === 0, 'model.vocab', 'a token for every byte', `${lacking.length} missing`)
  const unmade = pipe(
    merges,
    RA.filter(([left, right]) => !(known.has(left) && known.has(right) && known.has(left + right))),
  )
  expect(unmade.length === 0, 'model.merges', 'pairs of tokens that make a token', `${unmade.length} that do not`)
  expect(
    template.join(' ') === '[CLS] A [SEP]',
    'post_processor.single',
    '[CLS], the text, [SEP]',
    `${template.length} other pieces`,
  )
  return faults.length > 0 ? refuse(faults, file) : E.right({ tokens, specials: specialTokens.length, merges })
}
