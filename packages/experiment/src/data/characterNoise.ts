import { below, type Random } from './random.js'

const letters = 'abcdefghijklmnopqrstuvwxyz'

// What cleaning put in place of addresses and names is no letter of the mail.
const placeholder = /(<(?:url|email|list)>)/

const isLetter = (character: string): boolean => /\p{L}/u.test(character)

const randomLetter = (random: Random): string => letters[below(letters.length, random)] ?? 'a'

/** A letter other than the one given, so that a substitution always changes something. */
const otherLetter = (letter: string, random: Random): string => {
  const others = letters.replace(letter.toLowerCase(), '')
  return others[below(others.length, random)] ?? 'a'
}

const disturb = (text: string, strength: number, random: Random): string => {
  const characters = Array.from(text)
  const result: string[] = []
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? ''
    if (!isLetter(character) || random() >= strength) {
      result.push(character)
      continue
    }
    const next = characters[i + 1] ?? ''
    const edits = isLetter(next) && next !== character ? 4 : 3
    switch (below(edits, random)) {
      case 0: // drop
        break
      case 1: // insert
        result.push(character, randomLetter(random))
        break
      case 2: // substitute
        result.push(otherLetter(character, random))
        break
      default: // swap
        result.push(next, character)
        i++
    }
  }
  return result.join('')
}

/**
 * Typing mistakes: each letter is, with probability `strength`, dropped, followed by a random one, replaced by
 * another, or swapped with the next letter, each with equal probability (a letter without a different letter after it
 * is not swapped). Space, digits, signs and the placeholders `<url>`, `<email>`, `<list>` stay.
 *
 * @param strength expected share of letters that are disturbed, in [0, 1]; 0 gives the text itself
 * @throws RangeError if strength is outside [0, 1]
 * @example characterNoise('see <url>', 0, () => 0.5) // => 'see <url>'
 */
export const characterNoise = (text: string, strength: number, random: Random): string => {
  if (!(strength >= 0 && strength <= 1))
    throw new RangeError(
      `characterNoise: strength must be a number from 0 to 1.\n  received  ${strength}\n` +
        '  to do     give the probability that a character is changed, 0.1 for one in ten',
    )
  return text
    .split(placeholder)
    .map((piece, i) => (i % 2 === 1 ? piece : disturb(piece, strength, random)))
    .join('')
}
