import PostalMime from 'postal-mime'
import { htmlText } from './htmlText.js'

/** What of a mail is used here. */
export interface ParsedMail {
  /** Name in lower case and unfolded value of each header, in the order of the mail. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Decoded, empty where there is none. */
  readonly subject: string
  /** The text part; where there is none, the text of the HTML part; empty where there is neither. */
  readonly body: string
}

// The study looks at the first few hundred words of a mail; what follows this many bytes is attachments but for a few
// newsletters.
const readAtMost = 128 * 1024

const utf8 = new TextEncoder()

// Bytes 0x80 to 0x9f of windows-1252. Mails that say iso-8859-1 mean these too, and Node 20 decodes windows-1252 as if it
// were iso-8859-1, so that they arrive here as control characters.
const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

const withoutControls = (text: string): string =>
  text.replace(/[\u0080-\u009f]/g, (control) => windows1252[control.charCodeAt(0) - 0x80] ?? control)

const replacements = (text: string): number => text.split('\ufffd').length - 1

// Plain text that is a page all the same: no type given, or the wrong one.
const looksLikeHtml = (text: string): boolean =>
  /^\s*<(?:!doctype html|html|head|body|meta|table|center|font|p)\b/i.test(text)

/** The boundary of a multipart whose header was lost: the body itself begins with a part. */
const lostBoundary = (text: string): string | undefined => /^--(\S+)[ \t]*\r?\nContent-Type:/im.exec(text)?.[1]

const read = async (bytes: Uint8Array): Promise<ParsedMail> => {
  // Forwarded mails stay attachments: their header block is not text, and its dates depend on the machine's locale.
  const { headers, subject, text, html } = await PostalMime.parse(bytes, { forceRfc822Attachments: true })
  const plain = withoutControls(text ?? '').trim()
  const boundary = headers.some(({ key }) => key === 'content-type') ? undefined : lostBoundary(plain)
  return {
    headers: headers.map(({ key, value }) => [key, value] as const),
    subject: withoutControls(subject ?? ''),
    body:
      boundary !== undefined
        ? (await read(utf8.encode(`Content-Type: multipart/mixed; boundary="${boundary}"\n\n${plain}`))).body
        : plain === ''
          ? htmlText(withoutControls(html ?? ''))
          : looksLikeHtml(plain)
            ? htmlText(plain)
            : plain,
  }
}

/**
 * Parses a mail, however broken: text before HTML, HTML made text, transfer encodings and charsets decoded.
 *
 * Mails of 2002 often name no charset and are not UTF-8. Where the first reading holds U+FFFD, the bytes are read a
 * second time as windows-1252, and the reading with fewer U+FFFD is kept.
 *
 * @param bytes the mail as it was received; what follows the first 128 KiB is not read
 * @example (await parseMail(new TextEncoder().encode('Subject: Hi\n\nthere'))).body // => 'there'
 */
export const parseMail = async (bytes: Uint8Array): Promise<ParsedMail> => {
  const start = bytes.subarray(0, readAtMost)
  const first = await read(start)
  const lost = replacements(first.subject + first.body)
  if (lost === 0) return first
  const second = await read(utf8.encode(new TextDecoder('windows-1252').decode(start)))
  return replacements(second.subject + second.body) < lost ? second : first
}
