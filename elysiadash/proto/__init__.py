"""The few Weaviate protobuf messages used here, and their generated code."""
