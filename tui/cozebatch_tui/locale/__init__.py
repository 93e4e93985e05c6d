"""Every text that a person reads on the screen, in Chinese and English; and which of the two to use."""
