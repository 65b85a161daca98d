"""The public faces: thin, their verbs call down. No mathematics lives here."""
