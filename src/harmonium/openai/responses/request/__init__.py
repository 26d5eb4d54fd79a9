"""Responses requests to conversations: fields, input items, tools."""
