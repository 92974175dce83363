-- Whose counter it is, hashed: so that everything counted at one account can be forgotten at once. Empty where it is nobody's.
ALTER TABLE counters ADD COLUMN subject TEXT NOT NULL DEFAULT '';
CREATE INDEX counters_subject ON counters (subject);

-- How a login looked, in words, where it looked like anything.
ALTER TABLE audit ADD COLUMN risk TEXT NOT NULL DEFAULT '';
