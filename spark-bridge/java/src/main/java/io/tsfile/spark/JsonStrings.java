package io.tsfile.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.List;

/** The list of paths that Spark hands over as one option. */
final class JsonStrings {
  private JsonStrings() {}

  static List<String> parse(String json) {
    try {
      return Arrays.asList(new ObjectMapper().readValue(json, String[].class));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("option paths is no list of texts in JSON: " + json, e);
    }
  }
}
