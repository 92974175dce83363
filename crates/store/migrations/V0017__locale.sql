-- The language a person chose for our pages and mails, as a BCP 47 tag (RFC 5646); what their browser asks for where it is NULL.
ALTER TABLE users ADD COLUMN locale TEXT;
