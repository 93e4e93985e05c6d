"""The texts that operators read, in Chinese and English, and the choice between the two."""
