/**
 * The byte-level alphabet of GPT-2: every byte has one printable character, so that any text is a string of known
 * symbols and no token stands for "unknown".
 *
 * Printable bytes (33-126, 161-172, 174-255) stand for themselves; the other 68 take the code points from 256 upwards.
 *
 * @see openai/gpt-2 src/encoder.py, bytes_to_unicode
 */
const isPrintable = (byte: number): boolean =>
  (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255)

/** The character of each byte, [256]. */
export const byteCharacters: readonly string[] = (() => {
  let hidden = 0
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 256 + hidden++))
})()

const byteOfCharacter: ReadonlyMap<string, number> = new Map(byteCharacters.map((character, byte) => [character, byte]))

const utf8 = new TextEncoder()

/**
 * UTF-8 bytes of a text, written in the byte alphabet. A lone surrogate has no UTF-8 form and becomes U+FFFD.
 *
 * @example toByteCharacters(' é') // => 'ĠÃ©'
 */
export const toByteCharacters = (text: string): string => {
  let characters = ''
  for (const byte of utf8.encode(text)) characters += byteCharacters[byte] ?? ''
  return characters
}

/**
 * The text that a string of the byte alphabet stands for; bytes that are no UTF-8 (a cut character) become U+FFFD.
 * Characters outside the alphabet are skipped.
 *
 * @example fromByteCharacters('ĠÃ©') // => ' é'
 */
export const fromByteCharacters = (characters: string): string => {
  const bytes: number[] = []
  for (const character of characters) {
    const byte = byteOfCharacter.get(character)
    if (byte !== undefined) bytes.push(byte)
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}

/**
 * GPT-2's words: a contraction, letters, digits or signs with at most one space before, else a run of space. The words
 * of a text joined give the text.
 *
 * A new expression for every caller, since a global one keeps its position.
 */
export const wordPattern = (): RegExp => /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu
