"""The claims of five lecture documents, each against what the engine derives."""
