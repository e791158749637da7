export { byteCharacters, fromByteCharacters, toByteCharacters, wordPattern } from './byteLevel.js'
export { type EncodedBatch, makeTokenizer, type Tokenizer } from './tokenizer.js'
export {
  parseTokenizerFile,
  printTokenizerFile,
  type SpecialToken,
  specialTokens,
  type TokenizerFile,
  tokenizerFileCodec,
} from './tokenizerFile.js'
export { type BpeTrainingOptions, type BpeVocabulary, trainBpe } from './trainBpe.js'
